import { describe, expect, test } from 'vitest'
import type { ScaleRequest } from '@knest/core'
import {
  createdFixture,
  nodeObjects,
  ref,
  run,
  spec,
  withControlPlanes,
  withWorkers,
  type Fixture,
} from './fixture.js'

const members = (fixture: Fixture): readonly string[] =>
  fixture.nodes.etcd.members.map(({ name }) => name).sort()

function first(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `q-cp-${index}`)
}

function loseDisks(...names: readonly string[]): (fixture: Fixture) => Promise<void> {
  return ({ nodes }) => {
    for (const name of names) nodes.loseDisk(name)
    return Promise.resolve()
  }
}

function loseAllButDisks(...names: readonly string[]): (fixture: Fixture) => Promise<void> {
  return ({ nodes }) => {
    for (const name of names) nodes.loseAllButDisk(name)
    return Promise.resolve()
  }
}

function stopEtcd({ nodes: { nodes } }: Fixture, name: string): Promise<void> {
  const node = nodes.get(name)
  if (node !== undefined) node.etcdDown = true
  return Promise.resolve()
}

/** Takes part in etcd, and the join that began with this has not come to its end. */
async function halfJoined(fixture: Fixture, name: string): Promise<void> {
  const { clusters, nodes } = fixture
  nodes.before = (what) => (what === `join ${name}` ? Promise.reject(new Error('killed')) : Promise.resolve())
  await expect(clusters.scale(ref, { controlPlane: 3 }, run)).rejects.toThrow('killed')
  nodes.before = () => Promise.resolve()
  expect(members(fixture)).toContain(name)
  nodes.done.length = 0
}

/** The same, and its member has never started: etcd knows no name of it. */
async function halfAdded(fixture: Fixture, name: string): Promise<void> {
  await halfJoined(fixture, name)
  const { home, record, nodes } = fixture
  const { identities } = await home.ensureAddresses(await record(), [name], run.signal)
  const member = nodes.etcd.members.find((each) => each.name === name)
  nodes.etcd.remove(member?.id ?? '')
  nodes.etcd.add('', { peerUrl: `https://${identities.get(name) ?? ''}:2380`, learner: true })
}

describe('scale', () => {
  interface Case {
    readonly title: string
    readonly from: number
    readonly before: (fixture: Fixture) => Promise<void>
    readonly to: ScaleRequest
    readonly stay: readonly string[]
  }
  test.each<Case>([
    {
      title: 'takes control planes out of etcd whose Node objects are gone',
      from: 3,
      before: (fixture) => nodeObjects(fixture).forget('q-cp-1', 'q-cp-2'),
      to: { controlPlane: 1 },
      stay: ['q-cp-0'],
    },
    {
      title: 'takes a control plane out of etcd whose join did not come to its end',
      from: 1,
      before: (fixture) => halfJoined(fixture, 'q-cp-1'),
      to: { controlPlane: 1 },
      stay: ['q-cp-0'],
    },
    {
      title: 'takes a control plane out of etcd that has never started there',
      from: 1,
      before: (fixture) => halfAdded(fixture, 'q-cp-1'),
      to: { controlPlane: 1 },
      stay: ['q-cp-0'],
    },
    {
      title: 'takes what a lost control plane was out of etcd',
      from: 5,
      before: ({ nodes }) => Promise.resolve(void nodes.nodes.delete('q-cp-4')),
      to: { controlPlane: 3 },
      stay: first(3),
    },
    {
      title: 'keeps the healthy when the first has lost its disk',
      from: 3,
      before: loseDisks('q-cp-0'),
      to: { controlPlane: 1 },
      stay: ['q-cp-1'],
    },
    {
      title: 'keeps the healthy when the etcd of the first is down',
      from: 3,
      before: (fixture) => stopEtcd(fixture, 'q-cp-0'),
      to: { controlPlane: 1 },
      stay: ['q-cp-1'],
    },
    {
      title: 'keeps the healthy when the kubelet of the first is dead',
      from: 3,
      before: (fixture) => nodeObjects(fixture).silence('q-cp-0'),
      to: { controlPlane: 1 },
      stay: ['q-cp-1'],
    },
    {
      title: 'takes those away first that are broken: with them the last healthy ones had no quorum',
      from: 5,
      before: loseDisks('q-cp-0', 'q-cp-1'),
      to: { controlPlane: 1 },
      stay: ['q-cp-2'],
    },
  ])('$title', async ({ from, before, to, stay }) => {
    const fixture = await createdFixture(withControlPlanes(from))
    await before(fixture)
    const { clusters, nodes, phase } = fixture
    const quorum: boolean[] = []
    nodes.before = () => {
      quorum.push(nodes.etcd.hasQuorum())
      return Promise.resolve()
    }
    await clusters.scale(ref, to, run)
    expect(quorum).not.toContain(false)
    expect(members(fixture)).toEqual(stay)
    expect(nodes.etcd.hasQuorum()).toBe(true)
    expect([...nodes.nodes.keys()].filter((name) => name.includes('-cp-'))).toEqual(stay)
    expect(await nodeObjects(fixture).names()).toEqual([...stay, 'q-worker-0'])
    expect(await phase()).toBe('Ready')
    // A disk goes after its member.
    for (const name of nodes.done.flatMap((what) => /^delete (q-cp-.*)/.exec(what)?.[1] ?? []))
      expect(members(fixture)).not.toContain(name)
  })

  describe('beside a join of what goes that whoever had the lock before has begun', () => {
    /** Without Node object or member, as before a join says anything to the cluster. */
    async function joining(name: string): Promise<Fixture> {
      const isControlPlane = name === 'q-cp-1'
      const fixture = await createdFixture(isControlPlane ? withControlPlanes(1) : withWorkers(1))
      if (isControlPlane) await halfJoined(fixture, name)
      else await fixture.clusters.scale(ref, { pools: { worker: 2 } }, run)
      const { etcd } = fixture.nodes
      etcd.remove(etcd.members.find((each) => each.name === name)?.id ?? '')
      if (!isControlPlane) await nodeObjects(fixture).forget(name)
      return fixture
    }
    const goes: ScaleRequest = { controlPlane: 1, pools: { worker: 1 } }

    test.each(['q-cp-1', 'q-worker-1'])('ends it on %s', async (name) => {
      const fixture = await joining(name)
      const { clusters, nodes } = fixture
      const began: string[] = []
      nodes.before = (what) => Promise.resolve(void began.push(what))
      await clusters.scale(ref, goes, run)
      expect(began.filter((what) => what.endsWith(name))).toEqual([`end scripts ${name}`, `delete ${name}`])
    })

    // It was nearly done, or nobody reached the node.
    test.each(['q-cp-1', 'q-worker-1'])('takes away what it has left of %s', async (name) => {
      const fixture = await joining(name)
      const { clusters, nodes } = fixture
      nodes.before = async (what) => {
        if (what !== `delete ${name}`) return
        if (name === 'q-cp-1') nodes.etcd.add(name, { learner: true })
        await nodeObjects(fixture).add(name, {})
      }
      await clusters.scale(ref, goes, run)
      expect(members(fixture)).toEqual(['q-cp-0'])
      expect(await nodeObjects(fixture).names()).toEqual(['q-cp-0', 'q-worker-0'])
    })
  })

  test('leaves a member alone that is no node of knest', async () => {
    const fixture = await createdFixture(withControlPlanes(3))
    fixture.nodes.etcd.add('laptop')
    await fixture.clusters.scale(ref, { pools: { worker: 2 } }, run)
    expect(members(fixture)).toEqual(['laptop', ...first(3)])
  })

  test.each([
    ['has lost its disk', loseDisks('q-worker-0')],
    ['is not Ready', (fixture: Fixture) => nodeObjects(fixture).silence('q-worker-0')],
    ['does not run', loseAllButDisks('q-worker-0')],
  ])('keeps the healthy workers when the first %s', async (_title, before) => {
    const fixture = await createdFixture(withWorkers(3))
    await before(fixture)
    await fixture.clusters.scale(ref, { pools: { worker: 2 } }, run)
    expect([...fixture.nodes.nodes.keys()]).toEqual(['q-cp-0', 'q-worker-1', 'q-worker-2'])
    expect(fixture.nodes.keptDisks.size).toBe(0)
  })
})

describe.each(['heal', 'reconcile'] as const)('%s', (operation) => {
  test('replaces a dead control plane that the others can do without', async () => {
    const fixture = await createdFixture(withControlPlanes(3))
    await nodeObjects(fixture).silence('q-cp-0')
    const { clusters, nodes } = fixture
    const { actions, failure } = await clusters[operation](ref, run)
    expect(failure).toBeUndefined()
    expect(actions.map(({ reason }) => reason)).toEqual(['NodeReplaced', 'Mended'])
    expect(nodes.done).toEqual(['delete q-cp-0', 'ensure q-cp-0', 'member remove q-cp-0', 'join q-cp-0'])
    expect(members(fixture)).toEqual(first(3))
    expect(nodes.etcd.hasQuorum()).toBe(true)
  })

  test('leaves a dead control plane alone whose etcd lives while that of another does not', async () => {
    const fixture = await createdFixture(withControlPlanes(3))
    await nodeObjects(fixture).silence('q-cp-0')
    const { clusters, nodes, record } = fixture
    await stopEtcd(fixture, 'q-cp-1')
    const { actions, phase } = await clusters[operation](ref, run)
    const message = expect.stringContaining('without its etcd member 1 of 3 would answer') as string
    expect(actions).toContainEqual({ type: 'Warning', reason: 'NodeNotReplaced', message })
    expect(nodes.done).toEqual([])
    expect(nodes.etcd.hasQuorum()).toBe(true)
    expect(phase).toBe('Degraded')
    expect((await record()).conditions).toContainEqual(expect.objectContaining({ type: 'Healthy', message }))
  })

  test('makes a lost control plane again in place of its member', async () => {
    const fixture = await createdFixture(withControlPlanes(3))
    fixture.nodes.nodes.delete('q-cp-1')
    await fixture.clusters[operation](ref, run)
    expect(fixture.nodes.done).toEqual(['ensure q-cp-1', 'member remove q-cp-1', 'join q-cp-1'])
    expect(members(fixture)).toEqual(first(3))
  })
})

test('a cluster as it shall be is told so', async () => {
  const { clusters } = await createdFixture(withControlPlanes(3, spec))
  expect(await clusters.apply(ref, withControlPlanes(3, spec), run)).toBe('unchanged')
})
