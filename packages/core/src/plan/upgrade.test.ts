import { describe, expect, it } from 'vitest'
import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import { resolveSpec } from '../spec/index.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import { planCluster } from './plan.js'
import type { Step } from './step.js'
import type { UpgradePace } from './upgrade.js'

const ref: ClusterRef = { name: 'c', namespace: 'knest-c' }
const from = '1.34.4'
const to = '1.35.4'

function spec(controlPlanes: number, workers: number): ClusterSpec {
  const desired = { controlPlane: { count: controlPlanes }, workers: [{ name: 'worker', count: workers }] }
  return resolveSpec({ ...desired, kubernetesVersion: to }, { force: true })
}

function node(name: string, part: Partial<ObservedNode> = {}): ObservedNode {
  const role = name.includes('-cp-') ? 'control-plane' : 'worker'
  const pool = role === 'worker' ? 'worker' : 'cp'
  return { name, role, pool, backend: 'pod', phase: 'running', disk: 'bootstrapped', version: from, ...part }
}

function observed(nodes: readonly ObservedNode[], part: Partial<ObservedCluster> = {}): ObservedCluster {
  return {
    nodes,
    members: nodes.map(({ name }) => name),
    addonsInstalled: true,
    configured: { configuration: from, proxy: from },
    ...part,
  }
}

const names = (controlPlanes: number, workers: number): readonly string[] => [
  ...Array.from({ length: controlPlanes }, (_, index) => `c-cp-${index}`),
  ...Array.from({ length: workers }, (_, index) => `c-worker-${index}`),
]
const all = (controlPlanes: number, workers: number): readonly ObservedNode[] =>
  names(controlPlanes, workers).map((name) => node(name))
const plan = (desired: ClusterSpec, there: ObservedCluster, pace?: UpgradePace): readonly Step[] =>
  planCluster(ref, desired, there, pace)
const upgrades = (steps: readonly Step[]): readonly string[] =>
  steps.filter(({ id }) => id.startsWith('upgrade:')).map(({ id }) => id)
const needs = (steps: readonly Step[], id: string): readonly string[] =>
  steps.find((step) => step.id === id)?.needs ?? []

/** Ids of everything that must have ended before, however far away. */
function before(steps: readonly Step[], id: string): ReadonlySet<string> {
  const found = new Set<string>()
  const add = (one: string): void =>
    needs(steps, one).forEach((need) => {
      found.add(need)
      add(need)
    })
  add(id)
  return found
}

describe('a control plane that is to go, made again with the new version while etcd lacks it', () => {
  it.each<[string, Partial<ObservedCluster>, Partial<ObservedNode>]>([
    ['the API does not answer', { members: undefined, configured: undefined }, {}],
    ['its disk is of another version than its image', {}, { upgrading: true }],
  ])('is upgraded first where %s, since nobody can go before it', (_, part, state) => {
    const steps = plan(spec(1, 1), observed([...all(1, 1), node('c-cp-2', state)], part))
    expect(upgrades(steps)).toEqual(expect.arrayContaining(['upgrade:c-cp-2', 'upgrade:c-cp-0']))
    expect(before(steps, 'upgrade:c-cp-0')).toContain('upgrade:c-cp-2')
    expect(steps.find(({ kind }) => kind === 'upgrade-configuration')).toMatchObject({ node: 'c-cp-0' })
  })

  it('is made once more and then upgraded, where the upgrade was cut off when it went away', () => {
    const away = node('c-cp-2', { phase: 'pending', disk: undefined, version: undefined })
    const silent = { members: undefined, configured: undefined, upgrading: true }
    const steps = plan(
      { ...spec(1, 1), persistence: { enabled: true } },
      observed([...all(1, 1), away], silent),
    )
    expect(needs(steps, 'upgrade:c-cp-2')).toContain('node:c-cp-2')
    expect(before(steps, 'api')).toContain('upgrade:c-cp-2')
  })

  it('only goes where it is no different', () => {
    const steps = plan(spec(1, 1), observed([...all(1, 1), node('c-cp-2')]))
    expect(upgrades(steps)).not.toContain('upgrade:c-cp-2')
    expect(steps.some(({ id }) => id === 'remove:c-cp-2')).toBe(true)
  })
})

describe('control planes that are half-way', () => {
  it('go on beside each other, and the others one after another when they have ended', () => {
    const nodes = all(5, 0).map((each, index) => (index < 2 ? { ...each, upgrading: true } : each))
    const steps = plan(spec(5, 0), observed(nodes))
    expect(needs(steps, 'upgrade:c-cp-1')).toEqual(needs(steps, 'upgrade:c-cp-0'))
    expect(needs(steps, 'upgrade:c-cp-2')).toEqual(['upgrade:c-cp-0', 'upgrade:c-cp-1'])
    expect(needs(steps, 'upgrade:c-cp-3')).toEqual(['upgrade:c-cp-2'])
    expect(needs(steps, 'upgrade:c-cp-4')).toEqual(['upgrade:c-cp-3'])
  })
})

describe('an upgrade', () => {
  it('takes control planes one after another, then kubeadm, then workers one by one, then kube-proxy', () => {
    const steps = plan(spec(3, 2), observed(all(3, 2)))
    const order = [
      ...['upgrade:c-cp-0', 'upgrade:c-cp-1', 'upgrade:c-cp-2', 'upgrade:configuration'],
      ...['upgrade:c-worker-0', 'upgrade:c-worker-1', 'upgrade:addons'],
    ]
    expect(upgrades(steps)).toEqual(order)
    order.forEach((id, index) => {
      for (const earlier of order.slice(0, index)) expect(before(steps, id), id).toContain(earlier)
    })
    expect(steps.some(({ kind }) => kind === 'ensure-node' || kind === 'install-addons')).toBe(false)
  })

  it('takes as many workers at once as it may', () => {
    const steps = plan(spec(1, 5), observed(all(1, 5)), { maxUnavailable: 2, maxSurge: 0 })
    expect(before(steps, 'upgrade:c-worker-1')).not.toContain('upgrade:c-worker-0')
    expect(before(steps, 'upgrade:c-worker-2')).toContain('upgrade:c-worker-0')
    expect(before(steps, 'upgrade:c-worker-2')).not.toContain('upgrade:c-worker-1')
  })

  it('may have further workers meanwhile, which come first and go last', () => {
    const pace = { maxUnavailable: 1, maxSurge: 1 }
    const steps = plan(spec(1, 2), observed(all(1, 2)), pace)
    const surge = 'c-worker-2'
    const join = steps.find(({ id }) => id === `join:${surge}`)
    expect(join).toMatchObject({ kind: 'start-worker', imageAliasVersion: from })
    expect(before(steps, 'upgrade:c-worker-0')).toContain(`join:${surge}`)
    expect(before(steps, `remove:${surge}`)).toContain('upgrade:c-worker-1')
    expect(steps.at(-1)).toMatchObject({ kind: 'await-ready', nodes: names(1, 2) })
    // Killed when it was there: it is used again, or goes when nobody wants it any more.
    const there = observed([...all(1, 2), node(surge, { version: to })])
    expect(plan(spec(1, 2), there, pace).map(({ id }) => id)).not.toContain(`node:${surge}`)
    expect(before(plan(spec(1, 2), there, pace), `remove:${surge}`)).toContain('upgrade:c-worker-1')
    expect(plan(spec(1, 2), there).map(({ id }) => id)).toContain(`remove:${surge}`)
  })

  it('is nothing when every node and the cluster say the version', () => {
    const nodes = all(1, 1).map((each) => ({ ...each, version: to }))
    expect(
      upgrades(plan(spec(1, 1), observed(nodes, { configured: { configuration: to, proxy: to } }))),
    ).toEqual([])
  })

  it('goes on with what is left, and with a node that has the programs and no more', () => {
    const nodes = [
      node('c-cp-0', { version: to }),
      node('c-worker-0', { version: to, upgrading: true }),
      node('c-worker-1'),
    ]
    const there = observed(nodes, { configured: { configuration: to, proxy: from } })
    expect(upgrades(plan(spec(1, 2), there))).toEqual([
      'upgrade:c-worker-0',
      'upgrade:c-worker-1',
      'upgrade:addons',
    ])
  })

  it('takes the control plane first that has begun: the others need it', () => {
    const nodes = [
      node('c-cp-0', { version: to }),
      node('c-cp-1'),
      node('c-cp-2', { version: to, upgrading: true }),
    ]
    const steps = plan(spec(3, 0), observed(nodes, { upgrading: true }))
    expect(upgrades(steps).slice(0, 2)).toEqual(['upgrade:c-cp-2', 'upgrade:c-cp-1'])
    expect(before(steps, 'upgrade:c-cp-1')).toContain('upgrade:c-cp-2')
  })

  it('ends with kube-proxy when only that is left', () => {
    const nodes = all(1, 1).map((each) => ({ ...each, version: to }))
    const there = observed(nodes, { configured: { configuration: to, proxy: from } })
    expect(upgrades(plan(spec(1, 1), there))).toEqual(['upgrade:addons'])
  })

  it('looks again at a node that is just being started, and at everything when no API answers', () => {
    const nodes = [node('c-cp-0', { phase: 'pending', disk: undefined, version: undefined })]
    const there = observed(nodes, { members: undefined, configured: undefined, upgrading: true })
    const steps = plan(spec(1, 0), there)
    expect(upgrades(steps)).toEqual(['upgrade:c-cp-0', 'upgrade:configuration', 'upgrade:addons'])
    expect(needs(steps, 'upgrade:c-cp-0')).toContain('node:c-cp-0')
    expect(before(steps, 'api')).toContain('upgrade:c-cp-0')
  })

  it('leaves a cluster alone whose API does not answer and that was not being upgraded', () => {
    const nodes = all(1, 1).map((each) => ({ ...each, version: to }))
    expect(
      upgrades(plan(spec(1, 1), observed(nodes, { members: undefined, configured: undefined }))),
    ).toEqual([])
  })

  it('drains only where others can take the workloads', () => {
    const drained = (controlPlanes: number, workers: number): readonly string[] =>
      plan(spec(controlPlanes, workers), observed(all(controlPlanes, workers))).flatMap((step) =>
        step.kind === 'upgrade-node' && step.drain ? [step.node.name] : [],
      )
    expect(drained(1, 0)).toEqual([])
    expect(drained(1, 1)).toEqual(['c-cp-0'])
    expect(drained(1, 2)).toEqual(names(1, 2))
    expect(drained(3, 0)).toEqual(names(3, 0))
  })

  it('lets nobody join before the control planes have the version, and control planes not before kubeadm', () => {
    const nodes = [node('c-cp-0'), node('c-cp-1'), node('c-cp-2', { disk: 'empty', version: to })]
    const steps = plan(spec(3, 1), observed(nodes))
    expect(before(steps, 'join:c-cp-2')).toContain('upgrade:configuration')
    expect(before(steps, 'join:c-worker-0')).toContain('upgrade:c-cp-1')
    const first = steps.find((step) => step.kind === 'upgrade-node')
    expect(first?.lost).toEqual(['c-cp-2'])
  })

  it('takes one that has lost its disk out of etcd before, also where it is to go', () => {
    const nodes = [node('c-cp-0'), node('c-cp-1', { version: to }), node('c-cp-2', { disk: 'empty' })]
    const first = plan(spec(1, 0), observed(nodes)).find((step) => step.kind === 'upgrade-node')
    expect(first).toMatchObject({ node: { name: 'c-cp-0' }, lost: ['c-cp-2'] })
  })

  it.each<[string, Partial<ObservedNode>, Partial<ObservedCluster>, readonly string[]]>([
    ['runs: it may be needed', {}, {}, []],
    ['does not run, and nothing starts it', { phase: 'pending', disk: undefined }, {}, ['c-cp-1']],
    [
      'does not run, and is started for the vote that etcd may lack',
      { phase: 'pending', disk: undefined },
      { members: undefined },
      [],
    ],
  ])('takes one out of etcd before that is to go and %s', (_, part, there, lost) => {
    const persistent = { ...spec(1, 0), persistence: { ...spec(1, 0).persistence, enabled: true } }
    const nodes = [node('c-cp-0'), node('c-cp-1', part), node('c-cp-2')]
    const steps = plan(persistent, observed(nodes, there))
    expect(steps.find((step) => step.id === 'upgrade:c-cp-0')).toMatchObject({ lost })
  })

  it('takes members nobody stands behind out of etcd before a control plane leaves it', () => {
    const etcd = ['c-cp-0', 'c-cp-1', 'c-cp-2'].map((name) => ({
      ...{ name, id: name, peerUrl: '', learner: false, leader: false, dbSizeBytes: 1 },
      healthy: name !== 'c-cp-1',
    }))
    const nodes = [node('c-cp-0'), node('c-cp-2')]
    const first = plan(spec(1, 0), observed(nodes, { etcd })).find((step) => step.kind === 'upgrade-node')
    expect(first?.lost).toEqual(['c-cp-1'])
  })

  it('does not concern a cluster that begins', () => {
    expect(upgrades(plan(spec(1, 1), observed([], { members: undefined, configured: undefined })))).toEqual(
      [],
    )
    const fresh = [node('c-cp-0', { disk: 'empty' })]
    expect(upgrades(plan(spec(1, 0), observed(fresh, { configured: undefined })))).toEqual([])
  })

  it('writes the configuration by a control plane that is part of the cluster', () => {
    const nodes = [
      node('c-cp-0', { disk: 'empty' }),
      node('c-cp-1', { version: to }),
      node('c-cp-2', { version: to }),
    ]
    const steps = planCluster(
      ref,
      spec(3, 0),
      observed(nodes, { members: ['c-cp-1', 'c-cp-2'], upgrading: true }),
    )
    expect(steps.find(({ kind }) => kind === 'upgrade-configuration')).toMatchObject({ node: 'c-cp-1' })
    expect(steps.find(({ kind }) => kind === 'upgrade-addons')).toMatchObject({ node: 'c-cp-1' })
  })
})
