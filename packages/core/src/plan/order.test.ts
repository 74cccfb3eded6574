import { describe, expect, it } from 'vitest'
import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { EtcdMemberHealth } from '../etcd/index.js'
import { fakeSpec } from './fake-spec.js'
import { nothing } from './observed.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import { planCluster, planRemoval } from './plan.js'
import { isActing } from './step.js'
import type { UpgradePace } from './upgrade.js'

const ref: ClusterRef = { name: 'c', namespace: 'knest-c' }

function node(name: string, part: Partial<ObservedNode> = {}): ObservedNode {
  const [, pool = ''] = name.split('-')
  return {
    name,
    role: pool === 'cp' ? 'control-plane' : 'worker',
    pool,
    backend: 'pod',
    phase: 'running',
    disk: 'bootstrapped',
    version: '1.35.4',
    ...part,
  }
}

function there(nodes: readonly ObservedNode[], part: Partial<ObservedCluster> = {}): ObservedCluster {
  return {
    nodes,
    members: nodes.map(({ name }) => name),
    addonsInstalled: true,
    configured: { configuration: '1.35.4', proxy: '1.35.4' },
    ...part,
  }
}

/** Every step with what it waits for; the last one waits for all. */
function order(spec: ClusterSpec, observed: ObservedCluster, pace?: UpgradePace): readonly string[] {
  const steps = planCluster(ref, spec, observed, pace)
  const known = new Set(steps.map(({ id }) => id))
  expect(steps.flatMap(({ needs }) => needs).filter((id) => !known.has(id))).toEqual([])
  expect(steps.at(-1)?.needs).toEqual(steps.slice(0, -1).map(({ id }) => id))
  return steps.slice(0, -1).map(({ id, needs }) => `${id} < ${[...needs].sort().join(' ')}`.trim())
}

const withPools = (version: string): ClusterSpec => {
  const one = fakeSpec(3, 2)
  const [pool] = one.workers
  if (pool === undefined) throw new Error('no pool')
  return { ...one, kubernetesVersion: version, workers: [pool, { ...pool, name: 'gpu', count: 1 }] }
}

const begin = ['addresses <', 'authorities <']
const kubeconfig = 'kubeconfig < addresses authorities'
const reach = 'api < addresses authorities'
const member = (id: string, name: string): EtcdMemberHealth => ({
  ...{ id, name, peerUrl: '', learner: false, healthy: true, leader: false, dbSizeBytes: 1 },
})

describe('what waits for what', () => {
  it('in a new cluster: control planes begin together, the first one sets it up', () => {
    expect(order(fakeSpec(3, 1), nothing)).toEqual([
      ...begin,
      'node:c-cp-0 < addresses',
      'node:c-cp-1 < addresses',
      'node:c-cp-2 < addresses',
      'node:c-worker-0 < addresses',
      'boot:c-cp-0 < authorities node:c-cp-0',
      'boot:c-cp-1 < authorities node:c-cp-1',
      'boot:c-cp-2 < authorities node:c-cp-2',
      'api < boot:c-cp-0 boot:c-cp-1 boot:c-cp-2',
      'finish:c-cp-0 < api',
      'finish:c-cp-1 < finish:c-cp-0',
      'finish:c-cp-2 < finish:c-cp-0',
      'addons < api',
      'join:c-worker-0 < api authorities node:c-worker-0',
      kubeconfig,
    ])
  })

  it('beside one that is set up: an initial member is finished, another one joins', () => {
    const observed = there([node('c-cp-0'), node('c-cp-1', { disk: 'founder' })])
    expect(order(fakeSpec(3, 0), observed)).toEqual([
      ...begin,
      'node:c-cp-1 < addresses',
      'node:c-cp-2 < addresses',
      'boot:c-cp-1 < authorities node:c-cp-1',
      `${reach} boot:c-cp-1`,
      'finish:c-cp-1 < api',
      'join:c-cp-2 < api node:c-cp-2',
      kubeconfig,
    ])
    const [api, finish] = ['api', 'finish:c-cp-1'].map((id) =>
      planCluster(ref, fakeSpec(3, 0), observed).find((step) => step.id === id),
    )
    expect(api).toMatchObject({ nodes: ['c-cp-0'] })
    expect(finish).toMatchObject({ first: false })
  })

  it('where some are lost: Node objects and members go first, each join waits for its own Node and for all members', () => {
    const observed = there([node('c-cp-0'), node('c-worker-0')], {
      members: ['c-cp-0', 'c-cp-1', 'c-worker-0', 'c-worker-1'],
      etcd: [member('1', 'c-cp-0'), member('2', 'c-cp-1'), member('3', 'c-cp-3')],
    })
    expect(order(fakeSpec(3, 2), observed)).toEqual([
      ...begin,
      'node:c-cp-1 < addresses',
      'node:c-cp-2 < addresses',
      'node:c-worker-1 < addresses',
      reach,
      'join:c-cp-1 < api forget:c-cp-1 member:c-cp-3 node:c-cp-1',
      'join:c-cp-2 < join:c-cp-1 member:c-cp-3 node:c-cp-2',
      'forget:c-cp-1 < api node:c-cp-1',
      'forget:c-worker-1 < api node:c-worker-1',
      'member:c-cp-3 < api',
      'join:c-worker-1 < api authorities forget:c-worker-1 node:c-worker-1',
      kubeconfig,
    ])
  })

  it('in an upgrade: control planes, configuration, further workers of each pool, workers, kube-proxy', () => {
    const names = ['c-cp-0', 'c-cp-1', 'c-cp-2', 'c-gpu-0', 'c-worker-0', 'c-worker-1']
    const observed = there(names.map((name) => node(name)))
    expect(order(withPools('1.36.0'), observed, { maxUnavailable: 1, maxSurge: 2 })).toEqual([
      ...begin,
      'node:c-worker-2 < addresses',
      'node:c-worker-3 < addresses',
      'node:c-gpu-1 < addresses',
      'upgrade:c-cp-0 < addresses authorities',
      'upgrade:c-cp-1 < upgrade:c-cp-0',
      'upgrade:c-cp-2 < upgrade:c-cp-1',
      'api < addresses authorities upgrade:c-cp-2',
      'upgrade:configuration < api',
      'surge < api join:c-gpu-1 join:c-worker-2 join:c-worker-3',
      'upgrade:c-worker-0 < api surge upgrade:configuration',
      'upgrade:c-worker-1 < api surge upgrade:c-worker-0 upgrade:configuration',
      'upgrade:c-gpu-0 < api surge upgrade:c-worker-1 upgrade:configuration',
      'upgrade:addons < api upgrade:c-gpu-0 upgrade:c-worker-0 upgrade:c-worker-1 upgrade:configuration',
      'join:c-worker-2 < api authorities node:c-worker-2',
      'join:c-worker-3 < api authorities node:c-worker-3',
      'join:c-gpu-1 < api authorities node:c-gpu-1',
      ...['c-worker-2', 'c-worker-3', 'c-gpu-1'].map(
        (name) => `remove:${name} < surge upgrade:c-gpu-0 upgrade:c-worker-0 upgrade:c-worker-1`,
      ),
      kubeconfig,
    ])
  })

  it('when nodes go: control planes one after another, workers at once', () => {
    const names = ['c-cp-0', 'c-cp-1', 'c-cp-2', 'c-worker-0', 'c-worker-1']
    expect(order(fakeSpec(1, 0), there(names.map((name) => node(name))))).toEqual([
      ...begin,
      reach,
      'remove:c-cp-2 < api',
      'remove:c-worker-1 < api',
      'remove:c-cp-1 < remove:c-cp-2',
      'remove:c-worker-0 < api',
      kubeconfig,
    ])
  })

  it('a removal: nodes at once, the record last, and not at all with its data', () => {
    const nodes = [{ name: 'c-cp-0' }, { name: 'c-worker-0' }]
    const lines = (keepData: boolean): readonly string[] =>
      planRemoval(ref, nodes, keepData).map(({ id, needs }) => `${id} < ${needs.join(' ')}`.trim())
    expect(lines(false)).toEqual([
      'delete:c-cp-0 <',
      'delete:c-worker-0 <',
      'record < delete:c-cp-0 delete:c-worker-0',
    ])
    expect(lines(true)).toEqual(['delete:c-cp-0 <', 'delete:c-worker-0 <'])
  })
})

it('addresses are for control planes alone: those wanted, those there, and members nobody stands behind', () => {
  const observed = there([node('c-cp-0'), node('c-cp-1'), node('c-worker-0')], {
    etcd: [member('1', 'c-cp-0'), member('2', 'c-cp-1'), member('3', 'c-cp-4')],
  })
  const [addresses] = planCluster(ref, fakeSpec(1, 2), observed)
  expect(addresses).toMatchObject({ controlPlanes: ['c-cp-0', 'c-cp-1', 'c-cp-4'] })
})

it.each([
  ['flannel', { network: true, dns: true, title: 'Wait for 2 nodes and DNS to be ready' }],
  ['none', { network: false, dns: false, title: 'Wait for 2 nodes to register' }],
] as const)('with the network %s it ends by the nodes', (cni, expected) => {
  const spec = fakeSpec(1, 1)
  const steps = planCluster(ref, { ...spec, network: { ...spec.network, cni } }, nothing)
  expect(steps.at(-1)).toMatchObject({ ...expected, nodes: ['c-cp-0', 'c-worker-0'] })
})

it('a plan acts where a step is more than a look', () => {
  const acting = (observed: ObservedCluster): readonly string[] =>
    planCluster(ref, fakeSpec(1, 1), observed)
      .filter(isActing)
      .map(({ id }) => id)
  expect(acting(there([node('c-cp-0'), node('c-worker-0')]))).toEqual([])
  expect(acting(there([node('c-cp-0')]))).toEqual(['node:c-worker-0', 'join:c-worker-0'])
})
