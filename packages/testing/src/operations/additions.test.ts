import { describe, expect, test } from 'vitest'
import type { Clusters, ClusterSpec, ExistingNode, NodeBackend, Problem } from '@knest/core'
import { createdFixture, recordingProgress, ref, run, spec, withWorkers, type Fixture } from './fixture.js'

const noRoom: Problem = {
  severity: 'error',
  message: 'quota "few" has no room for pods',
  hint: 'make fewer nodes (--worker-machine-count), choose another namespace with -n, or have the quota raised',
}
const noPolicy: Problem = {
  severity: 'error',
  message: 'a policy says no',
  hint: 'allow it there in that policy, or choose another namespace with -n',
}
const noImage: Problem = { severity: 'error', message: 'the host has no image', hint: 'load it' }
const slow: Problem = { severity: 'warning', message: 'machines are emulated', hint: 'wait' }

interface Asked {
  readonly fixture: Fixture
  /** Workers that were asked for, and nodes that were said to be there, each time the host was asked. */
  readonly asked: (readonly [number, readonly string[]])[]
  /** What it says from now on. */
  says: (workers: number) => readonly Problem[]
  /** What the backend says of another image from now on. */
  ofImage: readonly Problem[]
}

/** A cluster on a host that says something of what comes to it: the home to its objects, the backend to its names. */
async function askedFixture(of?: ClusterSpec): Promise<Asked> {
  const workersOf = ({ workers }: ClusterSpec): number => workers[0]?.count ?? 0
  const namesOf = (existing: readonly ExistingNode[] = []): readonly string[] =>
    existing.map(({ name }) => name).sort()
  const all: Pick<Asked, 'asked' | 'says' | 'ofImage'> = { asked: [], says: () => [], ofImage: [] }
  const change = (backend: NodeBackend): NodeBackend => ({
    ...backend,
    preflight: (_spec, _signal, _ref, existing) =>
      Promise.resolve(existing === undefined ? all.ofImage : [slow]),
  })
  const fixture = await createdFixture(of, change)
  fixture.home.tryObjects = (wanted, _ref, _nodes, _signal, existing) => {
    all.asked.push([workersOf(wanted), namesOf(existing)])
    return Promise.resolve(all.says(workersOf(wanted)))
  }
  return Object.assign(all, { fixture })
}

const both = ['q-cp-0', 'q-worker-0']
const request = { kubernetesVersion: '1.36.0' }

/** Ways to more nodes, with and without doing it. */
const growing: readonly (readonly [string, (clusters: Clusters) => Promise<unknown>])[] = [
  ['scale', (clusters) => clusters.scale(ref, { pools: { worker: 3 } }, run)],
  ['scale --dry-run', (clusters) => clusters.planScale(ref, { pools: { worker: 3 } }, run)],
  ['apply', (clusters) => clusters.apply(ref, withWorkers(3), run)],
  ['plan', (clusters) => clusters.planApply(ref, withWorkers(3), run)],
]

describe('further nodes', () => {
  test.each(growing)(
    '%s: the host is asked about them, and refuses before anything is written',
    async (_, grow) => {
      const all = await askedFixture()
      const { clusters, writes, nodes } = all.fixture
      all.says = () => [noRoom, noPolicy]
      const refused = grow(clusters)
      await expect(refused).rejects.toMatchObject({
        code: 'prerequisite',
        problems: [
          { message: noRoom.message, hint: 'have it changed on the host, or ask for fewer nodes' },
          { message: noPolicy.message, hint: 'allow it there in that policy' },
        ],
      })
      expect(all.asked).toEqual([[3, both]])
      expect(writes).toEqual([])
      expect(nodes.done).toEqual([])
    },
  )

  test('go on where the host has nothing against them', async () => {
    const all = await askedFixture()
    await all.fixture.clusters.scale(ref, { pools: { worker: 3 } }, run)
    expect(all.asked).toEqual([[3, both]])
    expect((await all.fixture.record()).spec.workers).toMatchObject([{ count: 3 }])
  })

  test('a warning is told once, and no obstacle', async () => {
    const all = await askedFixture()
    all.says = () => [{ ...noRoom, severity: 'warning' }]
    const progress = recordingProgress()
    await all.fixture.clusters.scale(ref, { pools: { worker: 2 } }, { ...run, progress })
    expect(progress.warnings).toEqual([
      expect.stringContaining(slow.message),
      expect.stringContaining(noRoom.message),
    ])
  })

  test('fewer of them, or as many, and nobody is asked', async () => {
    const all = await askedFixture(withWorkers(2))
    all.says = () => [noRoom]
    const { clusters } = all.fixture
    await clusters.scale(ref, { pools: { worker: 1 } }, run)
    await clusters.scale(ref, { pools: { worker: 1 } }, run)
    await clusters.upgrade(ref, request, run)
    expect(all.asked).toEqual([])
  })

  test('one that is made again is asked for, too', async () => {
    const all = await askedFixture(spec)
    all.fixture.nodes.nodes.delete('q-worker-0')
    all.says = () => [noRoom]
    await expect(all.fixture.clusters.apply(ref, spec, run)).rejects.toMatchObject({ code: 'prerequisite' })
    expect(all.asked).toEqual([[1, ['q-cp-0']]])
  })

  test('upgrade: those that are there meanwhile', async () => {
    const all = await askedFixture(spec)
    all.says = (workers) => (workers > 1 ? [noRoom] : [])
    const { clusters, writes } = all.fixture
    const surge = { ...request, maxSurge: 1 }
    await expect(clusters.upgrade(ref, surge, run)).rejects.toMatchObject({ code: 'prerequisite' })
    await expect(clusters.planUpgrade(ref, surge, run)).rejects.toMatchObject({ code: 'prerequisite' })
    expect(all.asked).toEqual([
      [2, both],
      [2, both],
    ])
    expect(writes).toEqual([])
    await clusters.upgrade(ref, request, run)
    expect((await all.fixture.record()).spec).toMatchObject(request)
  })

  test('upgrade: all that is in the way is told at once', async () => {
    const all = await askedFixture(spec)
    all.ofImage = [noImage]
    all.says = () => [noRoom, noImage]
    const refused = all.fixture.clusters.upgrade(ref, { ...request, maxSurge: 1 }, run)
    const problems = [noImage.message, noRoom.message].map((message) => ({ message }))
    await expect(refused).rejects.toMatchObject({ code: 'prerequisite', problems })
    expect(all.fixture.writes).toEqual([])
  })
})
