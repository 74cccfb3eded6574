import { describe, expect, test } from 'vitest'
import { KnestError, type Clusters } from '@knest/core'
import {
  createFixture,
  createdFixture,
  never,
  persistent,
  ref,
  run,
  spec,
  withControlPlanes,
} from './fixture.js'

const kept = { ...run, keepData: true }
const gone = { ...run, keepData: false }

describe('pause', () => {
  test('says so first, then takes all nodes away and keeps their disks', async () => {
    const { clusters, nodes, writes, phase, home } = await createdFixture(persistent)
    nodes.before = async () => expect(await phase()).toBe('Paused')
    await clusters.pause(ref, run)
    expect(writes).toEqual(['Paused'])
    expect(nodes.done.sort()).toEqual(['delete q-cp-0', 'delete q-worker-0'])
    expect(nodes.nodes.size).toBe(0)
    expect(await home.readAuthorities(ref, never)).not.toBeUndefined()
  })

  test('of what is paused changes nothing', async () => {
    const { clusters, nodes, phase } = await createdFixture(persistent)
    await clusters.pause(ref, run)
    nodes.done.length = 0
    await clusters.pause(ref, run)
    expect(nodes.done).toEqual([])
    expect(await phase()).toBe('Paused')
  })

  test('that was interrupted goes on', async () => {
    const { clusters, nodes, phase } = await createdFixture(persistent)
    nodes.before = (what) =>
      what === 'delete q-worker-0' ? Promise.reject(new KnestError('timeout', 'stuck')) : Promise.resolve()
    await expect(clusters.pause(ref, run)).rejects.toThrow('stuck')
    expect(await phase()).toBe('Paused')
    nodes.before = () => Promise.resolve()
    await clusters.pause(ref, run)
    expect(nodes.nodes.size).toBe(0)
  })

  test('resume starts the nodes on their disks, and gives the status', async () => {
    const { clusters, nodes, writes } = await createdFixture(persistent)
    await clusters.pause(ref, run)
    writes.length = 0
    nodes.done.length = 0
    expect(await clusters.resume(ref, run)).toMatchObject({ name: 'q', workers: { desired: 1, ready: 1 } })
    expect(writes).toEqual(['Resuming', 'Ready'])
    expect(nodes.done.sort()).toEqual(['ensure q-cp-0', 'ensure q-worker-0'])
  })

  test('a resume that was interrupted goes on, and is no cluster to scale meanwhile', async () => {
    const { clusters, nodes, phase } = await createdFixture(persistent)
    await clusters.pause(ref, run)
    nodes.before = (what) =>
      what === 'ensure q-worker-0'
        ? Promise.reject(new KnestError('prerequisite', 'full'))
        : Promise.resolve()
    await expect(clusters.resume(ref, run)).rejects.toThrow('full')
    expect(await phase()).toBe('Resuming')
    await expect(clusters.scale(ref, { pools: { worker: 2 } }, run)).rejects.toMatchObject({
      code: 'conflict',
    })
    nodes.before = () => Promise.resolve()
    await clusters.resume(ref, run)
    expect(await phase()).toBe('Ready')
  })
})

describe('what keeps disks', () => {
  const operations = [
    [
      'pause',
      (clusters: Clusters) => clusters.planPause(ref, run),
      (clusters: Clusters) => clusters.pause(ref, run),
      'Paused',
    ],
    [
      'delete',
      (clusters: Clusters) => clusters.planDelete(ref, kept),
      (clusters: Clusters) => clusters.delete(ref, kept),
      'Kept',
    ],
  ] as const
  const deleted: readonly [string, number, readonly string[], boolean][] = [
    ['the only control plane', 1, ['q-cp-0'], true],
    ['two of three', 3, ['q-cp-0', 'q-cp-1'], true],
    ['one of three', 3, ['q-cp-0'], false],
    ['a worker', 1, ['q-worker-0'], false],
  ]

  test.each(operations.flatMap((one) => deleted.map((disks) => [...one, ...disks] as const)))(
    '%s, while somebody has deleted the disk of $4',
    async (_, plan, work, end, _whose, count, going, isRefused) => {
      const { clusters, phase, nodes } = await createdFixture(
        withControlPlanes(count, persistent),
        (backend) => ({
          ...backend,
          listNodes: async (...given) =>
            (await backend.listNodes(...given)).map((node) => ({
              ...node,
              diskGoing: going.includes(node.name),
            })),
        }),
      )
      expect((await clusters.status(ref, never)).problems.map(({ message }) => message)).toEqual([
        `the disk of ${going.map((name) => `"${name}"`).join(', ')} was deleted, and stays only while its node runs`,
      ])
      if (!isRefused) {
        await plan(clusters)
        await work(clusters)
        expect(await phase()).toBe(end)
        return
      }
      const refusal = {
        code: 'prerequisite',
        message: expect.stringContaining('"q" would lose its data') as string,
      }
      await expect(plan(clusters)).rejects.toMatchObject(refusal)
      await expect(work(clusters)).rejects.toMatchObject(refusal)
      expect(nodes.done).toEqual([])
      expect(await phase()).toBe('Ready')
    },
  )
})

describe('delete', () => {
  test('says so first; nodes go first, the record last', async () => {
    const { clusters, nodes, writes, phase, home } = await createdFixture()
    nodes.before = async () => expect(await phase()).toBe('Deleting')
    await clusters.delete(ref, gone)
    expect(writes).toEqual(['Deleting'])
    expect(nodes.done.sort()).toEqual(['delete q-cp-0', 'delete q-worker-0'])
    expect(await phase()).toBeUndefined()
    expect(await home.readAuthorities(ref, never)).toBeUndefined()
    expect(await home.readKubeconfig(ref, never)).toBeUndefined()
  })

  test('that was interrupted keeps the record, and goes on', async () => {
    const { clusters, nodes, phase } = await createdFixture()
    nodes.before = (what) =>
      what === 'delete q-cp-0' ? Promise.reject(new KnestError('timeout', 'stuck')) : Promise.resolve()
    await expect(clusters.delete(ref, gone)).rejects.toThrow('stuck')
    expect(await phase()).toBe('Deleting')
    nodes.before = () => Promise.resolve()
    await clusters.delete(ref, gone)
    expect(await phase()).toBeUndefined()
    expect(nodes.nodes.size).toBe(0)
  })

  test('of what has no record takes away what a killed delete may have left, and says not-found', async () => {
    const { clusters, home } = createFixture()
    const authority = { cert: 'cert', key: 'key' }
    const left = { ca: authority, frontProxyCa: authority, etcdCa: authority, serviceAccount: authority }
    await home.saveAuthorities({ ...ref } as never, left, never)
    await expect(clusters.delete(ref, gone)).rejects.toMatchObject({
      code: 'not-found',
      message: 'there is no cluster "q"',
    })
    expect(await home.readAuthorities(ref, never)).toBeUndefined()
  })

  test('with keepData ends in Kept, with record, authorities and disks', async () => {
    const { clusters, nodes, writes, phase, home } = await createdFixture(persistent)
    await clusters.delete(ref, kept)
    expect(writes).toEqual(['Deleting', 'Kept'])
    expect(nodes.nodes.size).toBe(0)
    expect(await phase()).toBe('Kept')
    expect(await home.readAuthorities(ref, never)).not.toBeUndefined()
    await clusters.delete(ref, gone)
    expect(await phase()).toBeUndefined()
  })

  test('with keepData of disks that go with their nodes is refused', async () => {
    const { clusters, writes } = await createdFixture(spec)
    await expect(clusters.delete(ref, kept)).rejects.toMatchObject({ code: 'config' })
    expect(writes).toEqual([])
  })

  test('the plan has the record last, or not at all', async () => {
    const { clusters } = await createdFixture(persistent)
    const titles = async (options: typeof kept): Promise<readonly string[]> =>
      (await clusters.planDelete(ref, options)).map(({ title }) => title)
    expect(await titles(kept)).toEqual([
      'Delete node "q-cp-0", keep its disk',
      'Delete node "q-worker-0", keep its disk',
    ])
    expect(await titles(gone)).toEqual([
      'Delete node "q-cp-0"',
      'Delete node "q-worker-0"',
      expect.any(String),
    ])
  })

  test('the plan has what becomes of the place behind the record', async () => {
    const { clusters, home } = await createdFixture(persistent)
    Object.assign(home, { placeAfter: () => Promise.resolve('Delete namespace "knest-q"') })
    expect((await clusters.planDelete(ref, gone)).at(-1)).toMatchObject({
      title: 'Delete namespace "knest-q"',
      needs: ['record'],
    })
    expect((await clusters.planDelete(ref, kept)).at(-1)?.id).not.toBe('place')
  })
})
