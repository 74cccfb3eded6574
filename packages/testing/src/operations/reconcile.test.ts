import { afterEach, describe, expect, test, vi } from 'vitest'
import { KnestError, PreflightError, type ClusterPhase } from '@knest/core'
import {
  createFixture,
  createdFixture,
  never,
  persistent,
  ref,
  run,
  spec,
  withControlPlanes,
  withWorkers,
} from './fixture.js'

const full = { severity: 'error' as const, message: 'the host is full', hint: 'make room' }
const idle = { actions: [], nodes: [], nextAt: undefined }

/** A cluster that was declared and created by a controller. */
async function declaredFixture(of = spec): ReturnType<typeof createdFixture> {
  const fixture = createFixture()
  fixture.home.declare(ref, of)
  await fixture.clusters.reconcile(ref, run)
  fixture.writes.length = 0
  fixture.nodes.done.length = 0
  return fixture
}

describe('reconcile', () => {
  test('of nothing does nothing', async () => {
    const { clusters, nodes } = createFixture()
    expect(await clusters.reconcile(ref, run)).toEqual({ ...idle, phase: 'Deleting' })
    expect(nodes.done).toEqual([])
  })

  test('checks and creates what was declared', async () => {
    const { clusters, home, record, writes } = createFixture()
    home.declare(ref, { ...spec, endpoint: { serviceType: 'auto' } })
    const report = await clusters.reconcile(ref, run)
    expect(report.phase).toBe('Ready')
    expect(report.actions.map(({ reason }) => reason)).toEqual(['Accepted', 'Created'])
    expect(writes).toEqual(['accept', 'Creating', 'Ready'])
    expect(await record()).toMatchObject({
      phase: 'Ready',
      spec: { endpoint: { serviceType: 'ClusterIP' } },
      desiredSpec: { endpoint: { serviceType: 'auto' } },
    })
    expect((await record()).conditions).toContainEqual(
      expect.objectContaining({ type: 'Accepted', status: 'True' }),
    )
  })

  test('says on the cluster why it cannot be, and makes no node', async () => {
    const { clusters, home, nodes, record } = createFixture((backend) => ({
      ...backend,
      preflight: () => Promise.resolve([full]),
    }))
    home.declare(ref, spec)
    await expect(clusters.reconcile(ref, run)).rejects.toBeInstanceOf(PreflightError)
    expect(nodes.done).toEqual([])
    expect(await record()).toMatchObject({
      phase: 'Creating',
      conditions: [{ type: 'Accepted', status: 'False', reason: 'Refused', message: full.message }],
    })
    const before = await record()
    await expect(clusters.reconcile(ref, run)).rejects.toBeInstanceOf(PreflightError)
    // Said once: every write wakes whoever watches.
    expect(await record()).toEqual(before)
  })

  const even = { ...spec, controlPlane: { ...spec.controlPlane, count: 2 } }
  test.each([
    ['an even number of control planes', ref, even, /control-plane count 2 is even/],
    ['a long name', { ...ref, name: 'a'.repeat(45) }, spec, /is 45 characters long, 32 are allowed/],
    ['a dot in its name', { ...ref, name: 'a.b' }, spec, /has "\." in it/],
  ])('says before anything is accepted what a command would refuse: %s', async (_, of, asked, message) => {
    const { clusters, home, nodes } = createFixture()
    home.declare(of, asked)
    await expect(clusters.reconcile(of, run)).rejects.toThrow(message)
    expect(nodes.done).toEqual([])
    const record = await home.read(of, never)
    expect(record?.desiredSpec).toBeUndefined()
    expect(record?.conditions).toEqual([
      expect.objectContaining({
        type: 'Accepted',
        status: 'False',
        message: expect.stringMatching(message) as string,
      }),
    ])
  })

  test('refuses to make control planes even, and keeps those that a command was forced to', async () => {
    const { clusters, home, record } = await declaredFixture()
    home.ask(ref, even)
    const { failure } = await clusters.reconcile(ref, run)
    expect(failure?.message).toContain('control-plane count 2 is even')
    expect((await record()).spec.controlPlane.count).toBe(1)
    await home.update(await record(), even, never)
    expect((await clusters.reconcile(ref, run)).phase).toBe('Ready')
    expect((await record()).spec.controlPlane.count).toBe(2)
  })

  test('carries out what its object asks for otherwise', async () => {
    const { clusters, home, nodes, record } = await declaredFixture()
    home.ask(ref, withWorkers(2))
    const report = await clusters.reconcile(ref, run)
    expect(report.phase).toBe('Ready')
    expect(report.actions).toContainEqual({
      type: 'Normal',
      reason: 'Changing',
      message: 'workers.worker.count: 1 to 2',
    })
    expect(nodes.done).toEqual(['ensure q-worker-1', 'join q-worker-1'])
    expect(await record()).toMatchObject({ phase: 'Ready', spec: { workers: [{ count: 2 }] } })
  })

  test('keeps the cluster as it is when its object asks for what cannot be', async () => {
    const { clusters, home, nodes, record } = await declaredFixture()
    const before = await record()
    home.ask(ref, { ...spec, network: { ...spec.network, podNetworkCidr: ['10.99.0.0/16'] } })
    expect((await clusters.reconcile(ref, run)).failure).toMatchObject({ code: 'config' })
    expect(nodes.done).toEqual([])
    const after = await record()
    expect(after.spec).toEqual(before.spec)
    expect(after.phase).toBe('Ready')
    expect(after.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Accepted',
        status: 'False',
        message: expect.stringContaining('network.podNetworkCidr') as string,
      }),
    )
  })

  test('heals by what it was made by while its object asks for what cannot be', async () => {
    const { clusters, home, nodes, record } = await declaredFixture(withWorkers(2))
    home.ask(ref, { ...withWorkers(3), network: { ...spec.network, podNetworkCidr: ['10.99.0.0/16'] } })
    nodes.nodes.delete('q-worker-0')
    const report = await clusters.reconcile(ref, run)
    expect(nodes.done).toEqual(['ensure q-worker-0', 'join q-worker-0'])
    expect(report.actions.map(({ reason }) => reason)).toEqual(['Mended'])
    expect(report.failure).toBeInstanceOf(PreflightError)
    const { conditions, phase } = await record()
    expect(phase).toBe('Ready')
    expect(conditions).toContainEqual(expect.objectContaining({ type: 'Accepted', status: 'False' }))
  })

  test('heals by what it was made by while nobody can say whether what its object asks for can be', async () => {
    const away = new KnestError('host-unreachable', 'the host: an aggregated API is away')
    let isAway = false
    const fixture = await createdFixture(withWorkers(2), (backend) => ({
      ...backend,
      preflight: (...given) => (isAway ? Promise.reject(away) : backend.preflight(...given)),
    }))
    const { clusters, home, nodes, record } = fixture
    await clusters.reconcile(ref, run)
    nodes.done.length = 0
    isAway = true
    home.ask(ref, withWorkers(3))
    nodes.nodes.delete('q-worker-0')
    expect((await clusters.reconcile(ref, run)).failure).toBe(away)
    expect(nodes.done).toEqual(['ensure q-worker-0', 'join q-worker-0'])
    isAway = false
    expect((await clusters.reconcile(ref, run)).failure).toBeUndefined()
    expect((await record()).spec.workers[0]?.count).toBe(3)
    expect(nodes.nodes.size).toBe(4)
  })

  test('mends what has gone, and does nothing where nothing has', async () => {
    const { clusters, nodes, writes } = await declaredFixture()
    nodes.nodes.delete('q-worker-0')
    const report = await clusters.reconcile(ref, run)
    expect(report.actions.map(({ reason }) => reason)).toEqual(['Mended'])
    expect(nodes.done).toEqual(['ensure q-worker-0', 'join q-worker-0'])
    nodes.done.length = 0
    expect((await clusters.reconcile(ref, run)).actions).toEqual([])
    writes.length = 0
    expect((await clusters.reconcile(ref, run)).actions).toEqual([])
    expect(nodes.done).toEqual([])
    expect(writes).toEqual([])
  })

  test('deletes what the host shall delete, whatever phase it was in', async () => {
    const { clusters, home, nodes, phase } = await declaredFixture()
    home.deleteObject(ref)
    await clusters.reconcile(ref, run)
    expect(await phase()).toBeUndefined()
    expect(nodes.nodes.size).toBe(0)
  })

  test('leaves alone what a command has begun', async () => {
    const { clusters, home, nodes } = createFixture()
    await home.create(ref, spec, never)
    const report = await clusters.reconcile(ref, run)
    expect(report).toEqual({ ...idle, phase: 'Creating', nextAt: expect.any(Number) as number })
    expect(nodes.done).toEqual([])
  })

  test('says whose turn it is when nobody works any more on what a command has begun', async () => {
    const { clusters, home, nodes } = createFixture()
    await home.create(ref, spec, never)
    const settled = { ...run, isSettled: true, onlyIfFree: true }
    const held = await home.lock(ref, never, () => undefined)
    await expect(clusters.reconcile(ref, settled)).rejects.toMatchObject({ code: 'conflict' })
    await held.release()
    const { actions } = await clusters.reconcile(ref, settled)
    expect(actions).toMatchObject([{ type: 'Warning', reason: 'CreateUnfinished' }])
    expect(actions[0]?.message).toMatch(/run create again .* `knest delete q -n knest-q`$/)
    expect(nodes.done).toEqual([])
    await clusters.create(ref, spec, run)
    expect((await clusters.reconcile(ref, settled)).actions).toEqual([])
  })

  test.each<ClusterPhase>(['Paused', 'Resuming', 'Kept', 'Deleting'])(
    'leaves alone what is %s',
    async (phase) => {
      const { clusters, home, nodes, writes } = await createdFixture(persistent)
      await home.setStatus(ref, { phase, conditions: [] }, never)
      writes.length = 0
      nodes.nodes.clear()
      expect(await clusters.reconcile(ref, run)).toEqual({ ...idle, phase })
      expect(nodes.done).toEqual([])
      expect(writes).toEqual([])
    },
  )

  test('does not come in between who works on the cluster', async () => {
    const { clusters, home, nodes } = await declaredFixture()
    const held = await home.lock(ref, never, () => undefined)
    nodes.nodes.delete('q-worker-0')
    await expect(clusters.reconcile(ref, { ...run, onlyIfFree: true })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(nodes.done).toEqual([])
    await held.release()
  })
})

describe('heal', () => {
  test('makes a node again that the host has lost, and says so', async () => {
    const { clusters, nodes, phase } = await createdFixture()
    nodes.nodes.delete('q-worker-0')
    const report = await clusters.heal(ref, run)
    expect(report.nodes).toContainEqual({ name: 'q-worker-0', role: 'worker', health: 'absent' })
    expect(nodes.done).toEqual(['ensure q-worker-0', 'join q-worker-0'])
    expect(report.phase).toBe('Ready')
    expect(await phase()).toBe('Ready')
  })

  test('says Ready of nodes that it made, though the host has not probed them yet', async () => {
    const { clusters, nodes, phase } = await createdFixture()
    for (const name of ['q-cp-0', 'q-worker-0']) {
      const node = nodes.nodes.get(name)
      if (node !== undefined) node.unprobed = true
    }
    nodes.nodes.delete('q-worker-0')
    const report = await clusters.heal(ref, run)
    expect(report).toMatchObject({ phase: 'Ready', failure: undefined })
    expect(await phase()).toBe('Ready')
  })

  test('says Degraded of a node that does not run, and leaves it to the host', async () => {
    const { clusters, nodes, phase } = await createdFixture()
    const worker = nodes.nodes.get('q-worker-0')
    if (worker !== undefined) worker.phase = 'pending'
    const report = await clusters.heal(ref, run)
    expect(report.phase).toBe('Degraded')
    expect(nodes.nodes.has('q-worker-0')).toBe(true)
    expect(nodes.done).not.toContain('delete q-worker-0')
    expect(await phase()).toBe('Degraded')
  })
})

describe('heal of a cluster whose etcd is full', () => {
  const mebi = 2 ** 20
  test('makes room, and has it take data again before anything else is done', async () => {
    const { clusters, nodes } = await createdFixture()
    nodes.etcd.full = { size: 2048 * mebi, compacted: 3 * mebi, quota: 2048 * mebi }
    nodes.nodes.delete('q-worker-0')
    const { actions, failure } = await clusters.heal(ref, run)
    expect(failure).toBeUndefined()
    expect(nodes.done).toEqual(['etcd takes data', 'ensure q-worker-0', 'join q-worker-0'])
    expect(actions[0]).toMatchObject({
      reason: 'EtcdRelieved',
      message: 'etcd was full and takes data again: 2048Mi are 3Mi now',
    })
  })

  test('says so when there is no room to be made, and leaves the alarm', async () => {
    const { clusters, nodes } = await createdFixture()
    nodes.etcd.full = { size: 2048 * mebi, compacted: 2000 * mebi, quota: 2048 * mebi }
    const { failure } = await clusters.heal(ref, run)
    expect(failure).toMatchObject({
      code: 'prerequisite',
      message: 'etcd of cluster "q" is full, also without its old revisions: 2000Mi of 2048Mi',
      hint: expect.stringContaining('delete what fills it') as string,
    })
    expect(nodes.etcd.full).toBeDefined()
  })
})

describe('a controller and a node that the host has begun anew, on an empty disk', () => {
  test.each([
    ['a worker', withWorkers(2), 'q-worker-1'],
    ['a control plane of three', withControlPlanes(3), 'q-cp-1'],
  ])('joins %s at once, while the nested cluster calls it Ready', async (_, of, name) => {
    const { clusters, nodes, writes } = await createdFixture(of)
    await clusters.reconcile(ref, run)
    nodes.loseDisk(name)
    nodes.done.length = 0
    writes.length = 0
    const report = await clusters.reconcile(ref, run)
    expect(nodes.done.at(-1)).toBe(`join ${name}`)
    expect(report).toMatchObject({ phase: 'Ready', nextAt: undefined })
    expect(report.nodes).toContainEqual(expect.objectContaining({ name, health: 'failing' }))
    // Not Ready in between, whatever the nested cluster says.
    expect(writes).toEqual(['Degraded', 'Ready'])
    nodes.done.length = 0
    expect((await clusters.reconcile(ref, run)).actions).toEqual([])
    expect(nodes.done).toEqual([])
  })

  const soon = (nextAt: number | undefined): number => (nextAt ?? Infinity) - Date.now()

  test('looks again soon while its VM does not run yet, and while it gives no answer', async () => {
    const { clusters, nodes, phase } = await createdFixture(withWorkers(2))
    nodes.loseDisk('q-worker-1')
    const worker = nodes.nodes.get('q-worker-1')
    if (worker === undefined) throw new Error('the fixture has no such node')
    worker.phase = 'pending'
    expect(soon((await clusters.reconcile(ref, run)).nextAt)).toBeLessThanOrEqual(30_000)
    worker.phase = 'running'
    worker.silent = true
    expect(soon((await clusters.reconcile(ref, run)).nextAt)).toBeLessThanOrEqual(15_000)
    expect(await phase()).toBe('Degraded')
    worker.silent = false
    nodes.done.length = 0
    expect((await clusters.reconcile(ref, run)).phase).toBe('Ready')
    expect(nodes.done.at(-1)).toBe('join q-worker-1')
  })

  test('looks again at once at a node that came to be dead while nodes were asked', async () => {
    const fixture = await createdFixture(withWorkers(2))
    const { clusters, home, nodes } = fixture
    const ready = { type: 'Ready', status: 'Unknown', lastTransitionTime: new Date().toISOString() }
    const node = { apiVersion: 'v1', kind: 'Node' }
    const status = { conditions: [ready] }
    await nodes.api.objects.patch(node, 'q-worker-1', undefined, { status }, { signal: never })
    const setStatus = home.setStatus.bind(home)
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      home.setStatus = async (...args) => {
        if (args[1].phase === 'Degraded') vi.setSystemTime(Date.now() + 600_000)
        return setStatus(...args)
      }
      const report = await clusters.reconcile(ref, run)
      expect(report.nodes).toContainEqual(expect.objectContaining({ name: 'q-worker-1', health: 'failing' }))
      expect(report.actions).toEqual([])
      expect(soon(report.nextAt)).toBeLessThanOrEqual(0)
      const again = await clusters.reconcile(ref, run)
      expect(again.actions.map(({ reason }) => reason)).toContain('NodeReplaced')
    } finally {
      vi.useRealTimers()
    }
  })

  test('asks one whose disk was kept, and leaves it as it is', async () => {
    const { clusters, nodes, phase } = await createdFixture(withWorkers(2))
    const worker = nodes.nodes.get('q-worker-1')
    if (worker === undefined) throw new Error('the fixture has no such node')
    worker.started = worker.kubeletStarted + 10
    nodes.done.length = 0
    expect(await clusters.reconcile(ref, run)).toMatchObject({
      phase: 'Ready',
      actions: [],
      nextAt: undefined,
    })
    expect(nodes.done).toEqual([])
    expect(await phase()).toBe('Ready')
  })
})

describe('a cluster with an end', () => {
  afterEach(() => void vi.restoreAllMocks())

  const short = { ...spec, ttl: '1h' }
  const later = (ms: number): void => {
    const now = Date.now() + ms
    vi.spyOn(Date, 'now').mockReturnValue(now)
  }

  test.each([
    ['that a command made', () => createdFixture(short)],
    ['that was declared', () => declaredFixture(short)],
    [
      'whose command was killed when there was a record',
      async () => {
        const fixture = createFixture()
        await fixture.home.create(ref, short, never)
        return fixture
      },
    ],
  ])('%s is deleted when its time is over, and no sooner', async (_, make) => {
    const { clusters, home, nodes } = await make()
    const end = Date.parse((await home.read(ref, never))?.createdAt ?? '') + 3_600_000
    const before = await clusters.reconcile(ref, run)
    expect(before.nextAt).toBeLessThanOrEqual(end)
    expect(await home.read(ref, never)).toBeDefined()
    later(3_600_000)
    await clusters.reconcile(ref, run)
    expect(await home.read(ref, never)).toBeUndefined()
    expect(await nodes.backend.listNodes(ref, never)).toEqual([])
  })

  test('lives on when it was extended, and is looked at when that is over', async () => {
    const { clusters, home } = await createdFixture(short)
    const { expiresAt } = await clusters.extend(ref, 3_600_000, run)
    expect((await home.read(ref, never))?.spec.ttl).toBe('2h0m0s')
    later(3_600_000)
    const { nextAt } = await clusters.reconcile(ref, run)
    expect(nextAt).toBeLessThanOrEqual(Date.parse(expiresAt ?? ''))
    expect(await home.read(ref, never)).toBeDefined()
  })

  test('that is being deleted is not extended', async () => {
    const { clusters, home } = await createdFixture(short)
    const record = await home.read(ref, never)
    if (record === undefined) throw new Error('it was created')
    await home.setStatus(record, { phase: 'Deleting', conditions: [] }, never)
    await expect(clusters.extend(ref, 1, run)).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('a cluster that is deleted with a pod', () => {
  const owner = { kind: 'Pod', namespace: 'ci', name: 'job', uid: 'one' } as const
  const owned = { ...spec, deleteWith: owner }
  type Make = () => ReturnType<typeof createdFixture>
  const makers: readonly (readonly [string, Make])[] = [
    ['that a command made', () => createdFixture(owned)],
    [
      'that was declared',
      async () => {
        const fixture = createFixture()
        fixture.home.pods.set('ci/job', 'one')
        fixture.home.declare(ref, owned)
        await fixture.clusters.reconcile(ref, run)
        return fixture
      },
    ],
    [
      'whose command was killed when there was a record',
      async () => {
        const fixture = createFixture()
        await fixture.home.create(ref, owned, never)
        return fixture
      },
    ],
  ]

  test.each(makers)('%s lives as long as the pod, and no longer', async (_, make) => {
    const { clusters, home, nodes } = await make()
    home.pods.set('ci/job', 'one')
    await clusters.reconcile(ref, run)
    expect(await home.read(ref, never)).toBeDefined()
    home.pods.delete('ci/job')
    await clusters.reconcile(ref, run)
    expect(await home.read(ref, never)).toBeUndefined()
    expect(await nodes.backend.listNodes(ref, never)).toEqual([])
  })

  test('goes when the pod of that name is another one', async () => {
    const { clusters, home } = await createdFixture(owned)
    home.pods.set('ci/job', 'two')
    await clusters.reconcile(ref, run)
    expect(await home.read(ref, never)).toBeUndefined()
  })

  test.each(['not-permitted', 'timeout', 'host-unreachable', 'config', 'prerequisite'] as const)(
    'stays while the host says nothing of it: %s',
    async (code) => {
      const { clusters, home } = await createdFixture(owned)
      home.pods.set('ci/job', new KnestError(code, 'it says nothing'))
      const warnings: string[] = []
      const progress = { ...run.progress, warn: (text: string) => void warnings.push(text) }
      await clusters.reconcile(ref, { ...run, progress })
      expect(await home.read(ref, never)).toBeDefined()
      expect(warnings).toEqual(['whether pod "ci/job" is still there is not known: it says nothing'])
    },
  )

  test('stays when its object says so no more', async () => {
    const { clusters, home } = await createdFixture(owned)
    home.pods.set('ci/job', 'one')
    await clusters.apply(ref, spec, run)
    home.pods.delete('ci/job')
    await clusters.reconcile(ref, run)
    expect(await home.read(ref, never)).toBeDefined()
  })

  test('data that was kept on purpose stays', async () => {
    const { clusters, home } = await createdFixture({ ...persistent, deleteWith: owner })
    await clusters.delete(ref, { ...run, keepData: true })
    await clusters.reconcile(ref, run)
    expect((await home.read(ref, never))?.phase).toBe('Kept')
  })

  test('is found with its uid, in the namespace of the context where none is named', async () => {
    const { clusters, home } = createFixture()
    home.pods.set('default/job', 'three')
    expect(await clusters.findOwner({ kind: 'Pod', name: 'job' }, never)).toEqual({
      kind: 'Pod',
      namespace: 'default',
      name: 'job',
      uid: 'three',
    })
    await expect(
      clusters.findOwner({ kind: 'Pod', namespace: 'ci', name: 'job' }, never),
    ).rejects.toMatchObject({ code: 'not-found' })
  })
})
