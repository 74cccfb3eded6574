import { expect, test } from 'vitest'
import type { ClusterSpec } from '../contracts/cluster.js'
import { fakeNode } from './fake-node.js'
import { fakeSpec } from './fake-spec.js'
import { nothing, type ObservedCluster, type ObservedNode } from './observed.js'
import { planCluster } from './plan.js'
import type { Step } from './step.js'

const ref = { name: 'c', namespace: 'knest-c' }
const spec: ClusterSpec = { ...fakeSpec(1, 1), registries: [{ host: 'docker.io', mirrors: ['http://m'] }] }

function node(name: string, part: Partial<ObservedNode> = {}): ObservedNode {
  return fakeNode(name, { registries: 'new', ...part })
}

function observed(...nodes: readonly ObservedNode[]): ObservedCluster {
  const members = nodes.map(({ name }) => name)
  return { nodes, members, addonsInstalled: true, registries: { digest: 'new' } }
}

const written = (steps: readonly Step[]): readonly string[] =>
  steps.flatMap((step) => (step.kind === 'write-registries' ? [step.node] : []))

test.each<[string, ObservedCluster, ClusterSpec, readonly string[]]>([
  ['a cluster that is as it should be', observed(node('c-cp-0'), node('c-worker-0')), spec, []],
  ['a new cluster', nothing, spec, ['c-cp-0', 'c-worker-0']],
  ['a new cluster without registries', nothing, fakeSpec(1, 1), []],
  ['a worker that comes', observed(node('c-cp-0')), spec, ['c-worker-0']],
  [
    'a node that was told otherwise',
    observed(node('c-cp-0', { registries: 'old' }), node('c-worker-0', { registries: undefined })),
    spec,
    ['c-cp-0', 'c-worker-0'],
  ],
  [
    'registries that are not wanted any more',
    { ...observed(node('c-cp-0'), node('c-worker-0')), registries: { digest: undefined } },
    fakeSpec(1, 1),
    ['c-cp-0', 'c-worker-0'],
  ],
  [
    'a node that begins anew on an empty disk',
    observed(node('c-cp-0'), node('c-worker-0', { disk: 'empty', registries: undefined })),
    spec,
    ['c-worker-0'],
  ],
  [
    'a node that gives no answer',
    observed(node('c-cp-0'), node('c-worker-0', { disk: undefined, silent: true, registries: undefined })),
    spec,
    [],
  ],
  [
    'a Secret that cannot be read now',
    { ...observed(node('c-cp-0', { registries: 'old' })), registries: undefined },
    spec,
    ['c-worker-0'],
  ],
])('%s', (_title, there, wanted, nodes) => {
  expect(written(planCluster(ref, wanted, there))).toEqual(nodes)
})

test('comes before Kubernetes starts on a node', () => {
  const steps = planCluster(ref, spec, nothing)
  const needsOf = (id: string): readonly string[] => steps.find((step) => step.id === id)?.needs ?? []
  expect(needsOf('registries:c-worker-0')).toEqual(['node:c-worker-0'])
  expect(needsOf('join:c-worker-0')).toContain('registries:c-worker-0')
  expect(steps.find(({ kind }) => kind === 'boot-control-plane')?.needs).toContain('registries:c-cp-0')
})
