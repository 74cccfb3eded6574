import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClusterRef } from '../contracts/cluster.js'
import { quorumRisk } from '../etcd/index.js'
import type { EtcdMemberHealth } from '../etcd/index.js'
import { fakeNode } from './fake-node.js'
import { fakeSpec } from './fake-spec.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import { planCluster } from './plan.js'
import type { Step } from './step.js'

const ref: ClusterRef = { name: 'c', namespace: 'knest-c' }

type NodePart = Partial<ObservedNode>
const broken: Readonly<Record<string, NodePart>> = {
  'with an empty disk': { disk: 'empty' },
  'whose set-up did not come to its end': { disk: 'founder' },
  'that does not run': { phase: 'pending', disk: undefined },
  'that gives no answer': { silent: true, disk: undefined },
  'whose API server does not answer': { ready: false },
  'whose disk somebody has deleted': { diskGoing: true },
}

/** Members of etcd; those in brackets do not answer. */
function etcd(...names: readonly string[]): readonly EtcdMemberHealth[] {
  return names.map((text, index) => ({
    id: String(index + 1),
    name: text.replace(/[()]/g, ''),
    peerUrl: `https://10.0.0.${index}:2380`,
    learner: false,
    healthy: !text.startsWith('('),
    leader: false,
    dbSizeBytes: undefined,
  }))
}

function observed(nodes: readonly ObservedNode[], part: Partial<ObservedCluster> = {}): ObservedCluster {
  return { nodes, members: nodes.map(({ name }) => name), addonsInstalled: true, ...part }
}

const removed = (steps: readonly Step[]): readonly string[] =>
  steps.flatMap((step) => (step.kind === 'remove-node' || step.kind === 'remove-member' ? [step.node] : []))
const needsOf = (steps: readonly Step[], id: string): readonly string[] =>
  steps.find((step) => step.id === id)?.needs ?? []

describe('of too many nodes', () => {
  it.each(Object.entries(broken))('a first control plane %s goes first', (_title, part) => {
    const there = observed([fakeNode('c-cp-0', part), fakeNode('c-cp-1'), fakeNode('c-cp-2')])
    const steps = planCluster(ref, fakeSpec(1, 0), there)
    expect(removed(steps)).toEqual(['c-cp-0', 'c-cp-2'])
    expect(needsOf(steps, 'remove:c-cp-2')).toEqual(['remove:c-cp-0'])
  })

  it.each(Object.entries(broken))('a first worker %s goes first', (_title, part) => {
    const there = observed([
      fakeNode('c-cp-0'),
      fakeNode('c-worker-0', part),
      fakeNode('c-worker-1'),
      fakeNode('c-worker-2'),
    ])
    expect(removed(planCluster(ref, fakeSpec(1, 2), there))).toEqual(['c-worker-0'])
  })

  const all = [fakeNode('c-cp-0'), fakeNode('c-cp-1'), fakeNode('c-cp-2')]
  it.each<[string, Partial<ObservedCluster>]>([
    ['has no Node object', { members: ['c-cp-1', 'c-cp-2'] }],
    ['is not Ready', { notReady: ['c-cp-0'] }],
    ['is no member of etcd', { etcd: etcd('c-cp-1', 'c-cp-2') }],
    ['has an etcd that does not answer', { etcd: etcd('(c-cp-0)', 'c-cp-1', 'c-cp-2') }],
  ])('one goes first that %s', (_title, part) => {
    expect(removed(planCluster(ref, fakeSpec(1, 0), observed(all, part)))).toEqual(['c-cp-0', 'c-cp-2'])
  })

  it('one that does not run goes before one that is only ill, while etcd tells nothing', () => {
    const nodes = [fakeNode('c-cp-0'), fakeNode('c-cp-1', { phase: 'pending' }), fakeNode('c-cp-2')]
    const there = observed(nodes, { members: ['c-cp-0', 'c-cp-1'], etcd: undefined })
    expect(removed(planCluster(ref, fakeSpec(1, 0), there))).toEqual(['c-cp-1', 'c-cp-2'])
  })

  it('the newest go when all are well, or all are alike', () => {
    expect(removed(planCluster(ref, fakeSpec(1, 0), observed(all)))).toEqual(['c-cp-2', 'c-cp-1'])
    const notReady = all.map(({ name }) => name)
    expect(removed(planCluster(ref, fakeSpec(1, 0), observed(all, { notReady })))).toEqual([
      'c-cp-2',
      'c-cp-1',
    ])
  })

  it('a worker that is away for its upgrade stays before one that is there only until then', () => {
    const there = observed(
      [
        fakeNode('c-cp-0', { version: '1.35.4' }),
        fakeNode('c-worker-0', { phase: 'pending', ready: false, disk: undefined }),
        fakeNode('c-worker-1', { version: '1.35.4' }),
      ],
      { upgrading: true, notReady: ['c-worker-0'] },
    )
    expect(removed(planCluster(ref, fakeSpec(1, 1), there))).toEqual(['c-worker-1'])
  })
})

describe('members of etcd', () => {
  const there = [fakeNode('c-cp-0'), fakeNode('c-cp-1'), fakeNode('c-cp-2'), fakeNode('c-cp-3')]

  it('that nobody is any more go before anybody joins or leaves', () => {
    const list = etcd('c-cp-0', 'c-cp-1', 'c-cp-2', 'c-cp-3', '(c-cp-4)', '(c-cp-7)')
    const down = planCluster(ref, fakeSpec(3, 0), observed(there, { etcd: list }))
    expect(removed(down)).toEqual(['c-cp-4', 'c-cp-7', 'c-cp-3'])
    expect(needsOf(down, 'member:c-cp-7')).toEqual(['member:c-cp-4'])
    expect(needsOf(down, 'remove:c-cp-3')).toEqual(expect.arrayContaining(['member:c-cp-4', 'member:c-cp-7']))
    const up = planCluster(ref, fakeSpec(5, 0), observed(there, { etcd: list }))
    expect(removed(up)).toEqual(['c-cp-7'])
    expect(needsOf(up, 'join:c-cp-4')).toContain('member:c-cp-7')
  })

  it('are known by their address, also when they have never had a name', () => {
    const steps = planCluster(
      ref,
      fakeSpec(3, 0),
      observed(there, { etcd: etcd('c-cp-0', 'c-cp-1', 'c-cp-2', '(c-cp-7)') }),
    )
    expect(steps.find(({ kind }) => kind === 'ensure-addresses')).toMatchObject({
      controlPlanes: ['c-cp-0', 'c-cp-1', 'c-cp-2', 'c-cp-3', 'c-cp-7'],
    })
  })

  it.each(['laptop', 'c-cp-x', 'c-cp-01', 'c-cp-', 'd-cp-4', 'c-worker-4', 'https://10.0.0.9:2380'])(
    'that no node of knest was stay: %s',
    (name) => {
      const list = etcd('c-cp-0', 'c-cp-1', 'c-cp-2', name)
      expect(removed(planCluster(ref, fakeSpec(3, 0), observed(there.slice(0, 3), { etcd: list })))).toEqual(
        [],
      )
    },
  )

  it('of nodes that join anew are left to them', () => {
    const list = etcd('c-cp-0', 'c-cp-1', '(c-cp-2)')
    expect(removed(planCluster(ref, fakeSpec(3, 0), observed(there.slice(0, 2), { etcd: list })))).toEqual([])
  })
})

describe('a node that runs and gives no answer', () => {
  const silent = { silent: true, disk: undefined } as const
  const touched = (steps: readonly Step[]): readonly string[] =>
    steps.filter(({ kind }) => kind !== 'await-ready').map(({ id }) => id)

  it.each(['c-cp-0', 'c-cp-1', 'c-worker-0'])('is left alone while others are made: %s', (name) => {
    const names = ['c-cp-0', 'c-cp-1', 'c-cp-2', 'c-worker-0']
    const nodes = names.map((each) => fakeNode(each, each === name ? silent : {}))
    const steps = planCluster(ref, fakeSpec(3, 2), observed(nodes))
    expect(touched(steps).filter((id) => id.includes(name))).toEqual([])
    expect(touched(steps)).toEqual(expect.arrayContaining(['node:c-worker-1', 'join:c-worker-1']))
    expect(steps.find(({ id }) => id === 'ready')).toMatchObject({ nodes: [...names, 'c-worker-1'] })
  })

  it('ends a plan that would begin the cluster without it: it may have the cluster', () => {
    const steps = planCluster(ref, fakeSpec(3, 0), observed([fakeNode('c-cp-0', silent)]))
    expect(touched(steps)).toContain('boot:c-cp-0')
  })
})

describe('every plan that takes control planes away', () => {
  const control = fc.record({
    disk: fc.constantFrom<ObservedNode['disk']>('bootstrapped', 'bootstrapped', 'empty', undefined),
    lives: fc.boolean(),
    isMember: fc.boolean(),
    hasObject: fc.boolean(),
  })
  const cluster = fc.record({
    nodes: fc.array(control, { minLength: 1, maxLength: 5 }),
    gone: fc.integer({ min: 0, max: 2 }),
    count: fc.constantFrom(1, 3),
  })

  it('keeps a majority that answers from its first to its last step, where there is one', () => {
    fc.assert(
      fc.property(cluster, ({ nodes, gone, count }) => {
        const names = nodes.map((_, index) => `c-cp-${index}`)
        const lost = Array.from({ length: gone }, (_, index) => `(c-cp-${7 + index})`)
        const list = etcd(
          ...nodes.flatMap(({ isMember, lives, disk }, index) =>
            isMember ? [lives && disk === 'bootstrapped' ? `c-cp-${index}` : `(c-cp-${index})`] : [],
          ),
          ...lost,
        )
        const hasQuorum = list.filter(({ healthy }) => healthy).length > list.length / 2
        fc.pre(hasQuorum)
        const there = observed(
          nodes.map(({ disk, lives }, index) =>
            fakeNode(`c-cp-${index}`, {
              disk,
              phase: disk === undefined ? 'pending' : 'running',
              ready: lives,
            }),
          ),
          { etcd: list, members: names.filter((_, index) => nodes[index]?.hasObject) },
        )
        let members = list
        for (const name of removed(planCluster(ref, fakeSpec(count, 0), there))) {
          expect(quorumRisk(members, name)).toBeUndefined()
          members = members.filter((member) => member.name !== name)
        }
      }),
    )
  })
})
