import { expect, test } from 'vitest'
import type { AddressAdapter } from '../contracts/address-adapter.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import { reserveAddresses } from './node-addresses.js'
import type { StepContext } from './context.js'

const { signal } = new AbortController()
const record = { name: 'q', namespace: 'knest-q' } as ClusterRecord

/** An adapter in which these nodes have addresses; others get the next one. */
function adapterWith(...nodes: readonly string[]): AddressAdapter {
  const held = [...nodes]
  const at = (place: number) => ({ ip: `10.0.0.${place}`, mac: '', annotations: {} })
  const adapter: Pick<AddressAdapter, 'reserve' | 'list'> = {
    reserve: (_cluster, node) => {
      if (!held.includes(node)) held.push(node)
      return Promise.resolve(at(held.indexOf(node)))
    },
    list: () => Promise.resolve(held.map((node, place) => ({ node, reservation: at(place) }))),
  }
  return adapter as AddressAdapter
}

test.each([
  ['of a node that is to go is known', ['q-cp-0', 'q-cp-1'], ['q-cp-0', 'q-cp-1']],
  ['of one that is to go and never had one is not made', ['q-cp-0'], ['q-cp-0']],
  ['of one that is gone already is not asked for', ['q-cp-0', 'q-cp-2'], ['q-cp-0']],
])('the address %s', async (_, held, expected) => {
  const context = {
    record,
    nodes: ['q-cp-0', 'q-cp-1'].map((name) => ({ name })) as unknown as StepContext['nodes'],
    nodeNames: ['q-cp-0'],
    addressAdapter: () => Promise.resolve(adapterWith(...held)),
  }
  const reservations = await reserveAddresses(context, signal)
  expect([...reservations].map(([node, { ip }]) => [node, ip])).toEqual(
    expected.map((node) => [node, `10.0.0.${held.indexOf(node)}`]),
  )
})
