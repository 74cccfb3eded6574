import { expect, test } from 'vitest'
import { fakeNode } from './fake-node.js'
import { fakeSpec } from './fake-spec.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import { planCluster } from './plan.js'
import type { Step } from './step.js'

const ref = { name: 'c', namespace: 'knest-c' }
const parts = { controlPlane: true, etcd: false, kubelet: true, kubeProxy: true }
const settings = { digest: 'new', parts }

function observed(nodes: readonly ObservedNode[], part: Partial<ObservedCluster> = {}): ObservedCluster {
  return { nodes, members: nodes.map(({ name }) => name), addonsInstalled: true, settings, ...part }
}

const all = ['c-cp-0', 'c-cp-1', 'c-cp-2', 'c-worker-0', 'c-worker-1']
const nodes = (part: Readonly<Record<string, Partial<ObservedNode>>> = {}): readonly ObservedNode[] =>
  all.map((name) => fakeNode(name, part[name]))
const of = (steps: readonly Step[]): readonly string[] =>
  steps.map(({ id }) => id).filter((id) => id.startsWith('settings:'))
const rest = ['settings:configuration', 'settings:proxy', 'settings:end']

test.each<[string, ObservedCluster, readonly string[]]>([
  ['nothing changes', observed(nodes(), { settings: undefined }), []],
  [
    'all nodes have others',
    observed(nodes()),
    [
      'settings:c-cp-0',
      'settings:c-cp-1',
      'settings:c-cp-2',
      rest[0] ?? '',
      'settings:c-worker-0',
      'settings:c-worker-1',
      ...rest.slice(1),
    ],
  ],
  [
    'it was cut off',
    observed(
      nodes({
        'c-cp-0': { settings: 'new' },
        'c-cp-1': { settings: 'old' },
        'c-cp-2': { settings: 'new' },
        'c-worker-0': { settings: 'new' },
        'c-worker-1': { settings: 'new' },
      }),
    ),
    ['settings:c-cp-1', ...rest],
  ],
  [
    'a node gives no answer',
    observed(
      nodes({
        'c-cp-0': { settings: 'new' },
        'c-cp-1': { settings: 'new' },
        'c-cp-2': { settings: 'new' },
        'c-worker-0': { settings: 'new' },
        'c-worker-1': { disk: undefined, silent: true },
      }),
    ),
    [rest[0] ?? '', 'settings:c-worker-1', ...rest.slice(1)],
  ],
  [
    'a node begins anew',
    observed(
      nodes({
        'c-cp-0': { settings: 'new' },
        'c-cp-1': { disk: 'empty' },
        'c-cp-2': { settings: 'new' },
        'c-worker-0': { settings: 'new' },
        'c-worker-1': { disk: 'empty' },
      }),
    ),
    rest,
  ],
  [
    'only those of kube-proxy are others',
    observed(nodes(), {
      settings: { digest: 'new', parts: { ...parts, controlPlane: false, kubelet: false } },
    }),
    rest,
  ],
])('%s', (_title, there, ids) => {
  expect(of(planCluster(ref, fakeSpec(3, 2), there))).toEqual(ids)
})

test('each waits for the one before, and the API for the last control plane', () => {
  const steps = planCluster(ref, fakeSpec(3, 2), observed(nodes({ 'c-cp-1': { disk: 'empty' } })))
  const needs = (id: string): readonly string[] => steps.find((step) => step.id === id)?.needs ?? []
  expect(needs('settings:c-cp-2')).toContain('settings:c-cp-0')
  expect(needs('api')).toContain('settings:c-cp-2')
  expect(needs('settings:configuration')).toContain('api')
  // kubeadm joins it by what is written there.
  expect(needs('join:c-cp-1')).toContain('settings:configuration')
  expect(needs('settings:c-worker-1')).toContain('settings:c-worker-0')
  expect(needs('settings:end')).toEqual(expect.arrayContaining(['settings:proxy', 'settings:c-worker-1']))
})

test('a control plane that is to go and does not run leaves etcd before another one is changed', () => {
  const there = observed(nodes({ 'c-cp-1': { phase: 'pending', disk: undefined } }))
  const steps = planCluster(ref, fakeSpec(1, 2), there)
  expect(steps.find(({ id }) => id === 'settings:c-cp-0')).toMatchObject({ lost: ['c-cp-1'] })
})
