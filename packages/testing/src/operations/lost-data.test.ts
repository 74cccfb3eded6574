import type { ClusterPhase, Clusters, ClusterSpec } from '@knest/core'
import { describe, expect, test } from 'vitest'
import { createdFixture, createFixture, never, persistent, ref, run, spec, withWorkers } from './fixture.js'

const three: ClusterSpec = { ...spec, controlPlane: { ...spec.controlPlane, count: 3 } }

/** Whatever would make nodes as the record says. */
const operations: readonly (readonly [string, (clusters: Clusters) => Promise<unknown>])[] = [
  ['scale', (clusters) => clusters.scale(ref, { pools: { worker: 2 } }, run)],
  ['scale to the present count', (clusters) => clusters.scale(ref, { pools: { worker: 1 } }, run)],
  ['planScale', (clusters) => clusters.planScale(ref, { pools: { worker: 2 } }, run)],
  ['apply', (clusters) => clusters.apply(ref, withWorkers(2), run)],
]

/** A cluster whose control planes have been put on empty disks by the host. */
async function evicted(of = spec) {
  const lastEnd = (_cluster: unknown, name: string): Promise<string | undefined> =>
    Promise.resolve(name === 'q-cp-0' ? 'Evicted: too much' : undefined)
  const fixture = await createdFixture(of, (backend) => ({ ...backend, lastEnd }))
  for (const [name, node] of fixture.nodes.nodes) if (name.includes('-cp-')) node.disk = 'empty'
  return fixture
}

describe('a cluster whose control planes have all lost their disks', () => {
  test.each(operations)('%s begins no other in its place, and says why', async (_, operation) => {
    const { clusters, nodes } = await evicted()
    await expect(operation(clusters)).rejects.toMatchObject({
      code: 'prerequisite',
      message:
        'cluster "q" has lost its data: no control plane has a disk with it (node "q-cp-0": Evicted: too much)',
      hint: expect.stringContaining(
        'remove it with `knest delete q -n knest-q`, and create it again',
      ) as string,
    })
    expect(nodes.done).toEqual([])
  })

  test.each([
    ['heal', (clusters: Clusters) => clusters.heal(ref, run)],
    ['reconcile', (clusters: Clusters) => clusters.reconcile(ref, run)],
  ])('%s leaves it, and tells', async (_, operation) => {
    const { clusters, nodes } = await evicted()
    const told = await operation(clusters).then(
      (report) =>
        JSON.stringify(report, (_key, value: unknown) => (value instanceof Error ? value.message : value)),
      (error: unknown) => (error as Error).message,
    )
    expect(told).toContain('has lost its data')
    expect(nodes.done).toEqual([])
  })

  test.each([
    ['one', spec, 'ephemeral'],
    ['three', three, 'ephemeral'],
    ['one with a volume', persistent, 'persistent'],
  ])('status says so with %s', async (_title, of, disk) => {
    const { clusters } = await evicted(of)
    const { problems, nodes } = await clusters.status(ref, never)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({
      severity: 'error',
      message: expect.stringContaining('"q" has lost its data') as string,
      hint: expect.stringContaining(
        'remove it with `knest delete q -n knest-q`, and create it again',
      ) as string,
    })
    expect(problems[0]?.hint.includes('volumes')).toBe(disk === 'persistent')
    expect(nodes.find(({ role }) => role === 'control-plane')?.reason).toBe(
      'its disk is empty: what was on it is lost (Evicted: too much)',
    )
  })

  test.each<ClusterPhase>(['Ready', 'Scaling', 'Upgrading', 'Resuming'])(
    'status says so while it is %s, and names no command that cannot go on',
    async (phase) => {
      const { clusters, home, record } = await evicted(persistent)
      await home.setStatus(await record(), { phase, conditions: (await record()).conditions }, never)
      const { problems } = await clusters.status(ref, never)
      expect(problems).toMatchObject([
        {
          message: expect.stringContaining('"q" has lost its data') as string,
          hint: expect.stringContaining('remove it with `knest delete q -n knest-q`') as string,
        },
      ])
    },
  )

  test('is another matter while one of them has it', async () => {
    const { clusters, nodes } = await evicted(three)
    const last = nodes.nodes.get('q-cp-2')
    if (last !== undefined) last.disk = 'bootstrapped'
    const { problems } = await clusters.status(ref, never)
    expect(problems.map(({ message }) => message).join()).not.toContain('has lost its data')
    await clusters.planScale(ref, { pools: { worker: 2 } }, run)
  })

  test('is made on when it was never finished', async () => {
    const { clusters, home, nodes } = createFixture()
    const record = await home.create(ref, spec, never)
    await home.setStatus(record, { phase: 'Creating', conditions: record.conditions }, never)
    await clusters.create(ref, spec, run)
    expect(nodes.nodes.get('q-cp-0')?.disk).toBe('bootstrapped')
  })
})

describe('a paused cluster whose control planes have no disks any more', () => {
  /** Somebody has deleted the volumes of these nodes. */
  async function withoutDisks(...gone: readonly string[]) {
    const fixture = await createdFixture(persistent, (backend) => ({
      ...backend,
      listNodes: async (...given) =>
        (await backend.listNodes(...given)).filter(
          ({ name, phase }) => phase === 'running' || !gone.includes(name),
        ),
    }))
    await fixture.clusters.pause(ref, run)
    fixture.nodes.done.length = 0
    return fixture
  }
  const lost = {
    message: expect.stringContaining('"q" has lost its data') as string,
    hint: expect.stringContaining('remove it with `knest delete q -n knest-q`') as string,
  }

  test('stays paused when it is to be resumed, and resume and status say why', async () => {
    const { clusters, nodes, phase } = await withoutDisks('q-cp-0')
    await expect(clusters.resume(ref, run)).rejects.toMatchObject(lost)
    expect(await phase()).toBe('Paused')
    expect(nodes.done).toEqual([])
    expect((await clusters.status(ref, never)).problems).toMatchObject([lost])
  })

  test('is another matter when a worker has lost its disk', async () => {
    const { clusters, phase } = await withoutDisks('q-worker-0')
    const told = (await clusters.status(ref, never)).problems.map(({ message }) => message).join()
    expect(told).not.toContain('has lost its data')
    await clusters.resume(ref, run)
    expect(await phase()).toBe('Ready')
  })
})
