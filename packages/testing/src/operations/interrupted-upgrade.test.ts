import { describe, expect, test, vi } from 'vitest'
import { KnestError, type ClusterSpec, type NodeHandle } from '@knest/core'
import { createFixture, createdFixture, ref, run, spec, withControlPlanes, type Fixture } from './fixture.js'

// Whole operations with real TLS: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const request = { kubernetesVersion: '1.36.0' }

/** An upgrade of the only control plane, killed when it has its new image and no configuration for it. */
async function killed(): Promise<Fixture> {
  const fixture = await createdFixture()
  fixture.nodes.before = (what) =>
    what === 'start anew q-cp-0' ? Promise.reject(new KnestError('cancelled', 'killed')) : Promise.resolve()
  await expect(fixture.clusters.upgrade(ref, request, run)).rejects.toThrow('killed')
  fixture.nodes.before = () => Promise.resolve()
  fixture.nodes.done.length = 0
  fixture.writes.length = 0
  expect(await fixture.nodes.backend.listNodes(ref, run.signal)).toContainEqual(
    expect.objectContaining({ name: 'q-cp-0', phase: 'running', ready: false }),
  )
  return fixture
}

describe('an upgrade that was killed between image and configuration of the only control plane', () => {
  test.each([
    ['upgrade', ({ clusters }: Fixture) => clusters.upgrade(ref, request, run)],
    ['heal', ({ clusters }: Fixture) => clusters.heal(ref, run)],
    ['reconcile', ({ clusters }: Fixture) => clusters.reconcile(ref, run)],
  ] as const)('%s goes on with it', async (_, again) => {
    const fixture = await killed()
    expect(await again(fixture)).toMatchObject({ phase: 'Ready' })
    expect(fixture.nodes.done).toEqual([
      'start anew q-cp-0',
      'upgrade configuration',
      'change image q-worker-0',
      'start anew q-worker-0',
      'upgrade addons',
    ])
    expect(await fixture.record()).toMatchObject({ phase: 'Ready', spec: request })
  })

  test('is gone on with also where somebody has said Degraded meanwhile', async () => {
    const fixture = await killed()
    await fixture.home.setStatus(ref, { phase: 'Degraded', conditions: [] }, run.signal)
    expect(await fixture.clusters.reconcile(ref, run)).toMatchObject({ phase: 'Ready' })
    expect(fixture.nodes.done).toContain('start anew q-cp-0')
  })

  test('stays Upgrading while its node cannot be asked', async () => {
    const fixture = await killed()
    const node = fixture.nodes.nodes.get('q-cp-0')
    if (node !== undefined) node.phase = 'pending'
    expect(await fixture.clusters.reconcile(ref, run)).toMatchObject({ phase: 'Upgrading' })
    expect(await fixture.phase()).toBe('Upgrading')
    if (node !== undefined) node.phase = 'running'
    expect(await fixture.clusters.reconcile(ref, run)).toMatchObject({ phase: 'Ready' })
  })
})

test('an upgrade that was killed at its last word does not take the last word of a kubelet that is no more', async () => {
  const fixture = await createdFixture()
  fixture.nodes.before = (what) =>
    what === 'end of upgrade q-worker-0'
      ? Promise.reject(new KnestError('cancelled', 'killed'))
      : Promise.resolve()
  await expect(fixture.clusters.upgrade(ref, request, run)).rejects.toThrow('killed')
  fixture.nodes.before = () => Promise.resolve()
  fixture.nodes.done.length = 0
  await fixture.clusters.upgrade(ref, request, run)
  expect(fixture.nodes.done).toEqual(['start anew q-worker-0', 'upgrade addons'])
  const nodeKind = { apiVersion: 'v1', kind: 'Node' }
  const node = await fixture.nodes.api.objects.get(nodeKind, 'q-worker-0', undefined, run.signal)
  const { conditions } = node?.status as { conditions: { status: string; lastHeartbeatTime: string }[] }
  const { kubeletStarted } = fixture.nodes.nodes.get('q-worker-0') ?? {}
  expect(conditions).toMatchObject([
    { status: 'True', lastHeartbeatTime: new Date(Number(kubeletStarted) * 1000).toISOString() },
  ])
})

test('a scale whose API server is silent stays Scaling', async () => {
  const fixture = await createdFixture()
  fixture.nodes.before = (what) =>
    what === 'join q-worker-1' ? Promise.reject(new KnestError('node-command', 'no')) : Promise.resolve()
  await expect(fixture.clusters.scale(ref, { pools: { worker: 2 } }, run)).rejects.toThrow('no')
  const node = fixture.nodes.nodes.get('q-cp-0')
  if (node !== undefined) node.down = true
  fixture.nodes.before = () => Promise.resolve()
  await fixture.clusters.reconcile(ref, run)
  expect(await fixture.phase()).toBe('Scaling')
  if (node !== undefined) node.down = false
  await fixture.clusters.reconcile(ref, run)
  expect(await fixture.phase()).toBe('Ready')
})

describe('a version that is declared while the nodes are half-way to another', () => {
  const slow = { phase: 'Upgrading', failure: { message: 'slow' } }
  const image = (version: string): string => `localhost/knest/node:v${version}`
  const asked = (version: string, of = spec): ClusterSpec => ({
    ...of,
    kubernetesVersion: version,
    image: image(version),
  })

  /** Declared, and half-way to 1.36.0. */
  async function halfWay(): Promise<Fixture> {
    const fixture = createFixture()
    fixture.home.declare(ref, spec)
    await fixture.clusters.reconcile(ref, run)
    fixture.nodes.before = (what) =>
      what === 'change image q-worker-0'
        ? Promise.reject(new KnestError('timeout', 'slow'))
        : Promise.resolve()
    fixture.home.ask(ref, asked('1.36.0'))
    await expect(fixture.clusters.reconcile(ref, run)).resolves.toMatchObject(slow)
    expect(await fixture.record()).toMatchObject({
      phase: 'Upgrading',
      spec: { kubernetesVersion: '1.36.0' },
    })
    return fixture
  }

  test('is not accepted, and what has begun is tried again', async () => {
    const fixture = await halfWay()
    fixture.home.ask(ref, asked('1.37.0'))
    await expect(fixture.clusters.reconcile(ref, run)).resolves.toMatchObject(slow)
    const record = await fixture.record()
    expect(record).toMatchObject({ phase: 'Upgrading', spec: { kubernetesVersion: '1.36.0' } })
    expect(record.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Accepted',
        status: 'False',
        message: expect.stringContaining('half-way to Kubernetes 1.36.0') as string,
      }),
    )
  })

  test('is accepted when the first one is done', async () => {
    const fixture = await halfWay()
    fixture.home.ask(ref, asked('1.37.0'))
    fixture.nodes.before = () => Promise.resolve()
    const first = await fixture.clusters.reconcile(ref, run)
    expect(first.phase).toBe('Ready')
    expect(first.actions).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'Refused' }))
    expect(await fixture.record()).toMatchObject({ phase: 'Ready', spec: { kubernetesVersion: '1.36.0' } })
    await fixture.clusters.reconcile(ref, run)
    expect(await fixture.record()).toMatchObject({
      phase: 'Ready',
      spec: { kubernetesVersion: '1.37.0' },
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: 'Accepted', status: 'True' }),
      ]) as unknown,
    })
  })

  test('and taken back: the first one goes on', async () => {
    const fixture = await halfWay()
    fixture.home.ask(ref, asked('1.37.0'))
    await expect(fixture.clusters.reconcile(ref, run)).resolves.toMatchObject(slow)
    fixture.home.ask(ref, asked('1.36.0'))
    fixture.nodes.before = () => Promise.resolve()
    expect(await fixture.clusters.reconcile(ref, run)).toMatchObject({ phase: 'Ready' })
    expect(await fixture.record()).toMatchObject({ spec: { kubernetesVersion: '1.36.0' } })
  })

  test.each(['apply', 'planApply'] as const)('is refused by %s, as by upgrade', async (operation) => {
    const fixture = await halfWay()
    const refusal = { code: 'conflict', message: 'cluster "q" is half-way to Kubernetes 1.36.0' }
    await expect(fixture.clusters[operation](ref, asked('1.37.0'), run)).rejects.toMatchObject(refusal)
    await expect(fixture.clusters.upgrade(ref, { kubernetesVersion: '1.37.0' }, run)).rejects.toMatchObject(
      refusal,
    )
  })
})

test('an upgrade leaves a control plane in etcd whose join comes to its end while it is planned', async () => {
  // Who does not wait for the script that runs on it sees a disk without the mark of its end.
  let joins = false
  const change = (node: NodeHandle): NodeHandle => ({
    ...node,
    execText: (argv, options) => {
      const isImpatient = argv.some(
        (word) => word.includes('/var/lib/knest/bootstrapped') && !word.includes('flock'),
      )
      if (!joins || node.name !== 'q-cp-2' || !isImpatient) return node.execText(argv, options)
      return Promise.resolve({
        exitCode: 0,
        stdout: `${argv[2]?.startsWith('echo') ? '= disk\n' : ''}empty\n`,
        stderr: '',
      })
    },
  })
  const fixture = createFixture((backend) => ({
    ...backend,
    ensureNode: async (...given) => change(await backend.ensureNode(...given)),
    openNode: async (...given) => change(await backend.openNode(...given)),
  }))
  await fixture.clusters.create(ref, withControlPlanes(3), run)
  const list = fixture.nodes.done.length
  fixture.nodes.before = (what) => {
    if (what.startsWith('change image')) joins = false
    return Promise.resolve()
  }
  joins = true
  await fixture.clusters.upgrade(ref, request, run)
  expect(fixture.nodes.done.slice(list)).not.toContain('member remove q-cp-2')
  expect(fixture.nodes.etcd.members.map(({ name }) => name).sort()).toEqual(['q-cp-0', 'q-cp-1', 'q-cp-2'])
  expect(fixture.nodes.done.slice(list)).toContain('start anew q-cp-2')
})

test("an upgrade of etcd's only member asks no other that etcd has removed and that is still there", async () => {
  const fixture = createFixture()
  await fixture.clusters.create(ref, withControlPlanes(3), run)
  const removed = fixture.nodes.etcd.members.filter(({ name }) => name !== 'q-cp-0')
  for (const { id } of removed) fixture.nodes.etcd.remove(id)
  const record = await fixture.record()
  await fixture.home.update(
    record,
    { ...record.spec, controlPlane: { ...record.spec.controlPlane, count: 1 } },
    run.signal,
  )
  await fixture.clusters.upgrade(ref, request, run)
  expect(fixture.nodes.done).toContain('start anew q-cp-0')
  expect(await fixture.record()).toMatchObject({ phase: 'Ready', spec: request })
})
