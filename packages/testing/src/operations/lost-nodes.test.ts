import { describe, expect, test } from 'vitest'
import type { ClusterSpec } from '@knest/core'
import {
  createdFixture,
  nodeObjects,
  persistent,
  recordingProgress,
  ref,
  run,
  withControlPlanes,
  withWorkers,
  type Fixture,
} from './fixture.js'

const operations: readonly [string, (fixture: Fixture, of: ClusterSpec) => Promise<unknown>][] = [
  ['heal', ({ clusters }) => clusters.heal(ref, run)],
  ['reconcile', ({ clusters }) => clusters.reconcile(ref, run)],
  ['apply', ({ clusters }, of) => clusters.apply(ref, of, run)],
  ['scale', ({ clusters }, of) => clusters.scale(ref, { pools: { worker: of.workers[0]?.count ?? 0 } }, run)],
]

describe.each(operations)('%s', (_name, operate) => {
  test.each([
    ['a worker', persistent, ['q-worker-0']],
    ['the only control plane', persistent, ['q-cp-0']],
    ['one control plane of three', withControlPlanes(3, persistent), ['q-cp-1']],
    ['all control planes', withControlPlanes(3, persistent), ['q-cp-0', 'q-cp-1', 'q-cp-2']],
    ['all nodes', persistent, ['q-cp-0', 'q-worker-0']],
  ])('starts %s again of which only the disk is left', async (_title, of, lost) => {
    const fixture = await createdFixture(of)
    const { nodes, phase } = fixture
    const members = nodes.etcd.members
    for (const name of lost) nodes.loseAllButDisk(name)
    await operate(fixture, of)
    expect([...nodes.done].sort()).toEqual(lost.map((name) => `ensure ${name}`))
    expect(nodes.keptDisks.size).toBe(0)
    expect(nodes.etcd.members).toEqual(members)
    expect(await phase()).toBe('Ready')
  })

  const byKubelet = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
  test.each([
    ['', { 'knest.dev/cluster': 'q' }],
    ['of an earlier version', {}],
  ])('removes what a node %s left, and no Node of others', async (_title, labels) => {
    const of = withWorkers(1)
    const fixture = await createdFixture(of)
    const objects = nodeObjects(fixture)
    for (const name of ['q-cp-0', 'q-worker-0']) await objects.add(name, { labels, annotations: byKubelet })
    await objects.add('q-worker-7', { labels, annotations: byKubelet })
    await objects.add('kwok-0', { labels: { type: 'kwok' }, annotations: { 'kwok.x-k8s.io/node': 'fake' } })
    await objects.add('q-worker-8', { annotations: { 'kwok.x-k8s.io/node': 'fake' } })
    await objects.add('virtual', { labels: { type: 'virtual-kubelet' } })
    await objects.add('laptop', { annotations: byKubelet })
    await operate(fixture, of)
    const strangers = ['kwok-0', 'laptop', 'q-worker-8', 'virtual']
    expect(await objects.names()).toEqual([...strangers, 'q-cp-0', 'q-worker-0'].sort())
    expect(fixture.nodes.done).toEqual([])
  })
})

test('a controller has nothing to do in a cluster that has Nodes of others', async () => {
  const fixture = await createdFixture()
  await nodeObjects(fixture).add('kwok-0', { labels: { type: 'kwok' } })
  await fixture.clusters.reconcile(ref, run)
  fixture.writes.length = 0
  const { actions } = await fixture.clusters.reconcile(ref, run)
  expect(actions).toEqual([])
  expect(fixture.writes).toEqual([])
})

describe('while the machine of one node is away and the host has not noticed', () => {
  async function silentFixture(maxUnhealthy: string): Promise<Fixture> {
    const fixture = await createdFixture({ ...withWorkers(3), health: { maxUnhealthy } })
    const node = fixture.nodes.nodes.get('q-worker-0')
    if (node !== undefined) node.silent = true
    return fixture
  }

  test.each([
    ['heal', '40%'],
    ['heal', '100%'],
    ['reconcile', '40%'],
    ['reconcile', '100%'],
  ] as const)(
    '%s with at most %s unhealthy says so first, and mends the others',
    async (operation, limit) => {
      const fixture = await silentFixture(limit)
      const { clusters, nodes, record, writes } = fixture
      await nodeObjects(fixture).silence('q-worker-0')
      nodes.nodes.delete('q-worker-1')
      const said: boolean[] = []
      nodes.before = async () => {
        const { conditions } = await record()
        said.push(conditions.some(({ type, status }) => type === 'Ready' && status === 'False'))
      }
      const report = await clusters[operation](ref, run)
      expect(nodes.done).toEqual(expect.arrayContaining(['ensure q-worker-1', 'join q-worker-1']))
      expect(nodes.done).not.toContain('ensure q-worker-0')
      expect(said).not.toContain(false)
      expect(writes).toContain('Degraded')
      expect(report.phase).toBe('Degraded')
      expect(report.actions.map(({ reason }) => reason)).toContain('Mended')
      if (limit === '100%') expect(report.failure).toMatchObject({ code: 'timeout' })
      else expect(report.failure).toBeUndefined()
    },
  )

  test('scale does its part, and says which node gave no answer', async () => {
    const { clusters, nodes, phase } = await silentFixture('40%')
    const progress = recordingProgress()
    await clusters.scale(ref, { pools: { worker: 4 } }, { ...run, progress })
    expect(nodes.done).toEqual(['ensure q-worker-3', 'join q-worker-3'])
    expect(progress.warnings).toEqual([expect.stringContaining('"q-worker-0" runs and gives no answer')])
    expect(await phase()).toBe('Ready')
  })

  test('scale takes that node away before others', async () => {
    const { clusters, nodes } = await silentFixture('40%')
    nodes.before = (what) => {
      const node = nodes.nodes.get('q-worker-0')
      if (what === 'delete q-worker-0' && node !== undefined) node.silent = false
      return Promise.resolve()
    }
    await clusters.scale(ref, { pools: { worker: 2 } }, run)
    expect([...nodes.nodes.keys()]).toEqual(['q-cp-0', 'q-worker-1', 'q-worker-2'])
  })
})

test('all workers that run on empty disks join anew, though none is taken away while so many are dead', async () => {
  const fixture = await createdFixture(withWorkers(2))
  const { clusters, nodes, phase } = fixture
  for (const name of ['q-worker-0', 'q-worker-1']) {
    nodes.loseDisk(name)
    const node = nodes.nodes.get(name)
    if (node !== undefined) node.started = Math.floor(Date.now() / 1_000) - 1_800
    await nodeObjects(fixture).silence(name)
  }
  await clusters.reconcile(ref, run)
  expect([...nodes.done].sort()).toEqual([
    'ensure q-worker-0',
    'ensure q-worker-1',
    'join q-worker-0',
    'join q-worker-1',
  ])
  expect(await phase()).toBe('Ready')
})

test('what failed is no reason to call a cluster Degraded that is half-way through something', async () => {
  const { clusters, home, nodes, phase } = await createdFixture(withWorkers(2))
  await home.setStatus(ref, { phase: 'Scaling', conditions: [] }, run.signal)
  nodes.nodes.delete('q-worker-1')
  nodes.before = (what) =>
    what.startsWith('ensure') ? Promise.reject(new Error('no room')) : Promise.resolve()
  const report = await clusters.reconcile(ref, run)
  expect(report.failure).toMatchObject({ message: 'no room' })
  expect(await phase()).toBe('Scaling')
  nodes.before = () => Promise.resolve()
  expect((await clusters.reconcile(ref, run)).phase).toBe('Ready')
})
