import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from 'knest'
import { isReady, listNames, never, openHost } from './support/cluster.js'
import { installDefinitions, missingDefinitions } from './support/crds.js'
import type { HostDefinitions } from './support/crds.js'
import { embeddedContainer, installFixedAddresses } from './support/equipment.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { knest, runKnest } from './support/knest.js'
import type { Outcome } from './support/knest.js'
import { killNode, nodeFlags, patience, podsOfNodes } from './support/nodes.js'
import { secondsUntil } from './support/until.js'

const leaseKind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
const container = embeddedContainer()
const skipped =
  container === undefined
    ? 'the test equipment is for the embedded host only; see addresses.test.ts for a host with a real CNI'
    : missingDefinitions('calico')
if (skipped !== undefined) console.log(`skipped: fixed addresses by the CLI: ${skipped}`)

// Calico's resource definitions and the test equipment e2e/fixed-address-cni, not Calico itself.
describe.skipIf(skipped !== undefined)('knest create --machine-addresses', () => {
  const names = ['e2e-fixed-a', 'e2e-fixed-b']
  let home: TestHome
  let host: KubeApi
  let definitions: HostDefinitions
  let unequip: () => void
  let prefix: string

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    const [node] = await host.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
    prefix = (node?.spec as { podCIDR: string }).podCIDR.split('.').slice(0, 3).join('.')
    definitions = await installDefinitions(host, 'calico', [
      {
        apiVersion: 'crd.projectcalico.org/v1',
        kind: 'IPPool',
        metadata: { name: 'knest-e2e' },
        spec: { cidr: `${prefix}.192/26`, nodeSelector: '!all()' },
      },
    ])
    unequip = installFixedAddresses(container ?? '')
  })
  afterAll(async () => {
    for (const name of names)
      await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    unequip()
    await definitions.remove()
    host.close()
    home.remove()
  })

  let made: readonly string[] = []
  const create = (name: string, addresses: string): Promise<Outcome> =>
    runKnest(home, [
      ...['create', name, '--context', hostContext, ...nodeFlags, '--persistent'],
      ...['--machine-addresses', addresses, '--host-cluster-cni', 'calico'],
    ])
  const podsOf = (name: string): Promise<ReadonlyMap<string, KubeObject>> =>
    podsOfNodes(host, `knest-${name}`)
  const ipOf = (pod: KubeObject): string => (pod.status as { podIP?: string }).podIP ?? ''
  const claims = async (): Promise<readonly string[]> =>
    (await host.list(leaseKind, { namespace: 'kube-system', signal: never }))
      .map(({ metadata }) => metadata.name)
      .filter((reservation) => reservation.startsWith('knest-address-'))

  it.each([
    ['is too small', () => `${prefix}.240`, /2 nodes|1 free|too/],
    ['lies outside of every pool', () => '198.51.100.8-198.51.100.15', /pool/],
  ])('is refused before anything exists when the range %s', async (_title, range, message) => {
    const outcome = await create('e2e-fixed-a', range())
    expect(outcome.code).not.toBe(0)
    expect(outcome.stderr).toMatch(message)
    expect(await listNames(host, 'Namespace')).not.toContain('knest-e2e-fixed-a')
    expect(await claims()).toEqual([])
  })

  it('never gives one address to two clusters that are created at the same moment', async () => {
    const range = `${prefix}.240-${prefix}.243`
    const outcomes = await Promise.all(names.map((name) => create(name, range)))
    made = names.filter((_, index) => outcomes[index]?.code === 0)
    const refusals = outcomes.flatMap(({ stderr }) => /^error: .*/m.exec(stderr)?.[0] ?? [])
    console.log(`created at the same moment from ${range}: ${[...made, ...refusals].join('; ')}`)
    expect(made.length, outcomes.map(({ stderr }) => stderr).join('\n')).toBeGreaterThan(0)
    const addresses = (await Promise.all(made.map(podsOf))).flatMap((pods) => [...pods.values()]).map(ipOf)
    expect(addresses).toHaveLength(2 * made.length)
    expect(new Set(addresses).size).toBe(addresses.length)
    for (const ip of addresses) expect(ip).toMatch(new RegExp(`^${prefix}\\.24[0-3]$`))
    expect(await claims()).toHaveLength(addresses.length)
  })

  it('refuses a range that overlaps that of another cluster', async () => {
    const outcome = await create('e2e-fixed-c', `${prefix}.243-${prefix}.250`)
    expect(outcome.code).not.toBe(0)
    expect(outcome.stderr).toContain('e2e-fixed-')
    expect(await listNames(host, 'Namespace')).not.toContain('knest-e2e-fixed-c')
  })

  it('brings a deleted node back with the same address', async () => {
    const [name = ''] = made
    const before = await podsOf(name)
    expect(before.size).toBeGreaterThan(1)
    for (const node of before.keys()) await killNode(host, `knest-${name}`, node)
    await secondsUntil(
      async () => {
        const now = await podsOf(name)
        const fresh = [...now].filter(([node, pod]) => before.get(node)?.metadata.uid !== pod.metadata.uid)
        return fresh.length === before.size && fresh.every(([, pod]) => isReady(pod))
      },
      120 * patience,
      `the nodes of "${name}" to be back`,
    )
    const byNode = (pods: ReadonlyMap<string, KubeObject>): Record<string, string> =>
      Object.fromEntries([...pods].map(([node, pod]) => [node, ipOf(pod)]))
    expect(byNode(await podsOf(name))).toEqual(byNode(before))
  })

  it('frees the addresses on delete', async () => {
    for (const name of names) await knest(home, 'delete', name, '--ignore-not-found')
    expect(await claims()).toEqual([])
  })
})
