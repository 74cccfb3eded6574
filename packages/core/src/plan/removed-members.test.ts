import { expect, it } from 'vitest'
import type { ClusterRef } from '../contracts/cluster.js'
import { fakeSpec as spec } from './fake-spec.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import { planCluster } from './plan.js'
import { removedMembers } from './removed-members.js'

const ref: ClusterRef = { name: 'c', namespace: 'knest-c' }
const names = ['c-cp-0', 'c-cp-1', 'c-cp-2']

function node(name: string, more: Partial<ObservedNode> = {}): ObservedNode {
  const there = { role: 'control-plane', pool: 'cp', backend: 'pod', phase: 'running' } as const
  return { name, ...there, disk: 'bootstrapped', ...more }
}

/** Three control planes, the last one no member of etcd any more. */
function observed(last: Partial<ObservedNode> = {}, more: Partial<ObservedCluster> = {}): ObservedCluster {
  const etcd = names.slice(0, 2).map((name, index) => ({
    ...{ id: String(index), name, peerUrl: '', learner: false, healthy: true },
    ...{ leader: index === 0, dbSizeBytes: 1 },
  }))
  const nodes = [node('c-cp-0'), node('c-cp-1'), node('c-cp-2', last)]
  return { nodes, members: names, etcd, addonsInstalled: true, ...more }
}

it('a control plane whose removal did not come to its end joins anew when it is to stay', () => {
  const steps = planCluster(ref, spec(3, 0), observed())
  const needs = (id: string): readonly string[] | undefined => steps.find((step) => step.id === id)?.needs
  expect(needs('reset:c-cp-2')).toEqual(['api', 'node:c-cp-2'])
  expect(needs('forget:c-cp-2')).toContain('reset:c-cp-2')
  expect(needs('join:c-cp-2')).toEqual(expect.arrayContaining(['forget:c-cp-2', 'reset:c-cp-2']))
  expect(steps.filter(({ kind }) => kind === 'join-control-plane')).toHaveLength(1)
})

it('it goes as it is when it is to go', () => {
  const kinds = planCluster(ref, spec(1, 0), observed()).map(({ kind }) => kind)
  expect(kinds).not.toContain('reset-control-plane')
  expect(kinds).not.toContain('join-control-plane')
  expect(kinds.filter((kind) => kind === 'remove-node')).toHaveLength(2)
})

it.each<[string, ObservedCluster]>([
  ['etcd could not be asked', observed({}, { etcd: undefined })],
  ['etcd lists nobody that is here', observed({}, { etcd: [] })],
  ['the API does not answer', observed({}, { members: undefined })],
  ['it is away', observed({ phase: 'pending', disk: undefined })],
  ['it gives no answer', observed({ silent: true })],
  ['it has not joined yet', observed({ disk: 'empty' })],
  ['it began and was not finished', observed({ disk: 'founder' })],
])('it is none when %s', (_, there) => {
  expect(removedMembers(there)).toEqual([])
})
