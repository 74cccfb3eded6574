import { describe, expect, test } from 'vitest'
import { KnestError, type ClusterSpec, type NodeBackend } from '@knest/core'
import {
  createFixture,
  createdFixture,
  never,
  recordingProgress,
  ref,
  run,
  spec,
  withWorkers,
} from './fixture.js'

function withoutUpgrades(backend: NodeBackend): NodeBackend {
  const left = Object.entries(backend).filter(([name]) => name !== 'upgradeNode')
  return Object.fromEntries(left) as unknown as NodeBackend
}

const full = { severity: 'error' as const, message: 'the host has no image "x"', hint: 'load it' }

describe('apply', () => {
  test('of what is there writes nothing and touches no node', async () => {
    const { clusters, writes, nodes, record } = await createdFixture()
    const before = await record()
    expect(await clusters.apply(ref, spec, run)).toBe('unchanged')
    expect(writes).toEqual([])
    expect(nodes.done).toEqual([])
    expect(await record()).toEqual(before)
  })

  test('of what is not there creates it', async () => {
    const { clusters, phase, writes } = createFixture()
    expect(await clusters.apply(ref, spec, run)).toBe('created')
    expect(writes).toEqual(['create', 'Creating', 'Ready'])
    expect(await phase()).toBe('Ready')
  })

  test('of what is half created goes on with its creation', async () => {
    const { clusters, nodes, phase, writes } = createFixture()
    nodes.before = () => Promise.reject(new KnestError('prerequisite', 'no room'))
    await expect(clusters.apply(ref, spec, run)).rejects.toThrow('no room')
    nodes.before = () => Promise.resolve()
    expect(await clusters.apply(ref, spec, run)).toBe('created')
    expect(writes.filter((write) => write === 'create')).toHaveLength(1)
    expect(await phase()).toBe('Ready')
  })

  test('records the change first, then makes it', async () => {
    const { clusters, writes, nodes, record } = await createdFixture()
    nodes.before = async (what) => {
      if (what !== 'ensure q-worker-1') return
      expect(await record()).toMatchObject({ phase: 'Scaling', spec: { workers: [{ count: 2 }] } })
    }
    expect(await clusters.apply(ref, withWorkers(2), run)).toBe('configured')
    expect(writes).toEqual(['update', 'Scaling', 'Ready'])
    expect(nodes.done).toEqual(['ensure q-worker-1', 'join q-worker-1'])
    expect((await record()).phase).toBe('Ready')
  })

  test('mends what is not as recorded, though the spec says nothing new', async () => {
    const { clusters, nodes } = await createdFixture()
    nodes.nodes.delete('q-worker-0')
    const change = await clusters.planApply(ref, spec, run)
    expect(change).toMatchObject({ action: 'configured', changes: [] })
    expect(await clusters.apply(ref, spec, run)).toBe('configured')
    expect(nodes.done).toEqual(['ensure q-worker-0', 'join q-worker-0'])
    expect(await clusters.apply(ref, spec, run)).toBe('unchanged')
  })

  test('what the host has decided is no change', async () => {
    const { clusters } = await createdFixture()
    const wish: ClusterSpec = {
      ...spec,
      endpoint: { serviceType: 'auto' },
      network: { ...spec.network, mtu: 0 },
    }
    expect(await clusters.apply(ref, wish, run)).toBe('unchanged')
  })

  test('what cannot change is refused with all that is wrong, and nothing is written', async () => {
    const { clusters, writes } = await createdFixture()
    const network = { ...spec.network, podNetworkCidr: ['10.99.0.0/16'], dnsDomain: 'other' }
    const refused = clusters.apply(ref, { ...withWorkers(2), network }, run)
    await expect(refused).rejects.toMatchObject({
      code: 'config',
      problems: [
        { message: expect.stringContaining('network.podNetworkCidr') as string },
        { message: expect.stringContaining('network.dnsDomain') as string },
      ],
    })
    expect(writes).toEqual([])
  })
})

describe('scale', () => {
  test('adds workers, and says how many there are', async () => {
    const { clusters, nodes, writes, record } = await createdFixture()
    const summary = await clusters.scale(ref, { pools: { worker: 3 } }, run)
    expect(summary).toMatchObject({ phase: 'Ready', workers: { desired: 3, ready: 3 } })
    expect(writes).toEqual(['update', 'Scaling', 'Ready'])
    expect(nodes.done.sort()).toEqual(
      ['ensure q-worker-1', 'ensure q-worker-2', 'join q-worker-1', 'join q-worker-2'].sort(),
    )
    expect((await record()).spec.workers).toMatchObject([{ count: 3 }])
  })

  test('takes the newest away, drained before and forgotten after', async () => {
    const { clusters, nodes } = await createdFixture(withWorkers(2))
    await clusters.scale(ref, { pools: { worker: 1 } }, run)
    expect(nodes.done).toEqual(['drain q-worker-1', 'delete q-worker-1'])
    const members = await nodes.api.objects.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
    expect(members.map(({ metadata }) => metadata.name)).toEqual(['q-cp-0', 'q-worker-0'])
  })

  test('that fails is Scaling, and the same again goes on with it', async () => {
    const { clusters, nodes, phase } = await createdFixture()
    nodes.before = (what) =>
      what === 'join q-worker-1' ? Promise.reject(new KnestError('node-command', 'no')) : Promise.resolve()
    await expect(clusters.scale(ref, { pools: { worker: 2 } }, run)).rejects.toThrow('no')
    expect(await phase()).toBe('Scaling')
    nodes.before = () => Promise.resolve()
    nodes.done.length = 0
    await clusters.scale(ref, { pools: { worker: 2 } }, run)
    expect(nodes.done).toContain('join q-worker-1')
    expect(nodes.done).not.toContain('join q-worker-0')
    expect(await phase()).toBe('Ready')
  })

  test('of one that was changed meanwhile starts from what it is then', async () => {
    const fixture = await createdFixture()
    const held = await fixture.home.lock(ref, never, () => undefined)
    const progress = recordingProgress()
    const scaled = fixture.clusters.scale(ref, { controlPlane: 1 }, { ...run, progress })
    await expect.poll(() => progress.notes.length).toBe(1)
    await fixture.home.update(await fixture.record(), withWorkers(2), never)
    await held.release()
    expect(await scaled).toMatchObject({ workers: { desired: 2, ready: 2 } })
  })

  test('the plan names what would come, and writes nothing', async () => {
    const { clusters, writes } = await createdFixture()
    const titles = (await clusters.planScale(ref, { pools: { worker: 2 } }, run)).map(({ title }) => title)
    expect(titles).toContain('Create node "q-worker-1"')
    expect(titles).not.toContain('Create node "q-worker-0"')
    expect(writes).toEqual([])
  })
})

describe('upgrade', () => {
  const request = { kubernetesVersion: '1.36.0' }

  test('one node after another, then what is the cluster’s, and the version is recorded first', async () => {
    const { clusters, nodes, writes, record } = await createdFixture()
    nodes.before = async (what) => {
      if (what !== 'change image q-cp-0') return
      const image = 'localhost/knest/node:v1.36.0'
      expect(await record()).toMatchObject({ phase: 'Upgrading', spec: { ...request, image } })
    }
    const summary = await clusters.upgrade(ref, request, run)
    expect(summary).toMatchObject({ ...request, phase: 'Ready' })
    expect(writes).toEqual(['update', 'Upgrading', 'Ready'])
    expect(nodes.done).toEqual([
      'drain q-cp-0',
      'change image q-cp-0',
      'start anew q-cp-0',
      'upgrade configuration',
      'change image q-worker-0',
      'start anew q-worker-0',
      'upgrade addons',
    ])
    expect((await record()).spec).toMatchObject(request)
  })

  test('that fails is Upgrading: another version is refused, the same goes on', async () => {
    const { clusters, nodes, phase } = await createdFixture()
    nodes.before = (what) =>
      what === 'change image q-worker-0'
        ? Promise.reject(new KnestError('prerequisite', 'no image'))
        : Promise.resolve()
    await expect(clusters.upgrade(ref, request, run)).rejects.toThrow('no image')
    expect(await phase()).toBe('Upgrading')
    await expect(clusters.upgrade(ref, { kubernetesVersion: '1.36.1' }, run)).rejects.toMatchObject({
      code: 'conflict',
      message: 'cluster "q" is half-way to Kubernetes 1.36.0',
    })
    nodes.before = () => Promise.resolve()
    nodes.done.length = 0
    await clusters.upgrade(ref, request, run)
    expect(nodes.done).not.toContain('change image q-cp-0')
    expect(nodes.done).toContain('change image q-worker-0')
    expect(await phase()).toBe('Ready')
  })

  test('to an image that the host has not is refused before anything is written', async () => {
    const { clusters, writes } = await createdFixture(spec, (backend) => ({
      ...backend,
      preflight: ({ kubernetesVersion }) => Promise.resolve(kubernetesVersion === '1.36.0' ? [full] : []),
    }))
    const refusal = { code: 'prerequisite', problems: [full] }
    await expect(clusters.upgrade(ref, request, run)).rejects.toMatchObject(refusal)
    await expect(clusters.planUpgrade(ref, request, run)).rejects.toMatchObject(refusal)
    expect(writes).toEqual([])
  })

  test('of nodes whose image is for life is refused', async () => {
    const { clusters, writes } = await createdFixture(spec, withoutUpgrades)
    await expect(clusters.upgrade(ref, request, run)).rejects.toMatchObject({ code: 'config' })
    expect(writes).toEqual([])
  })
})
