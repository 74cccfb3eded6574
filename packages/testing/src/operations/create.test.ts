import { expect, test } from 'vitest'
import { KnestError, PreflightError, type ClusterKubeconfig } from '@knest/core'
import { createFixture, createdFixture, never, persistent, ref, run, spec, withWorkers } from './fixture.js'

test('makes the record once, nodes, and what they are by, in this order', async () => {
  const { clusters, nodes, writes, record, home } = createFixture()
  const access = await clusters.create(ref, spec, run)
  expect(nodes.done.slice(0, 2).sort()).toEqual(['ensure q-cp-0', 'ensure q-worker-0'])
  expect(nodes.done.slice(2)).toEqual(['kubeadm init q-cp-0', expect.any(String), expect.any(String)])
  expect(nodes.done.slice(3).sort()).toEqual(['join q-cp-0', 'join q-worker-0'])
  expect(writes).toEqual(['create', 'Creating', 'Ready'])
  expect(await record()).toMatchObject({
    phase: 'Ready',
    conditions: [
      { type: 'AddonsInstalled', status: 'True' },
      { type: 'Ready', status: 'True' },
    ],
  })
  expect(access).toMatchObject({ reachable: false, server: 'https://q-api.knest-q.svc:6443' })
  expect(await home.readKubeconfig(ref, never)).toContain('current-context: knest-q')
})

test('what depends on the host is decided before the record is made', async () => {
  const { clusters, record } = createFixture()
  const network = { ...spec.network, mtu: 0 }
  await clusters.create(ref, { ...spec, network, endpoint: { serviceType: 'auto' } }, run)
  expect((await record()).spec).toMatchObject({
    endpoint: { serviceType: 'ClusterIP' },
    network: { mtu: 1400 },
  })
})

test('a host that does not fit makes nothing', async () => {
  const full = { severity: 'error' as const, message: 'the host is full', hint: 'make room' }
  const { clusters, home, nodes } = createFixture((backend) => ({
    ...backend,
    preflight: () => Promise.resolve([full]),
  }))
  const refused = clusters.create(ref, spec, run)
  await expect(refused).rejects.toBeInstanceOf(PreflightError)
  await expect(refused).rejects.toMatchObject({ code: 'prerequisite', problems: [full] })
  expect(await home.list(undefined, never)).toEqual([])
  expect(nodes.done).toEqual([])
})

test('the kubeconfig is delivered before the record says Ready, and again to who was interrupted then', async () => {
  const { clusters, phase } = createFixture()
  const full = new KnestError('config', 'no room for the kubeconfig')
  const failing = clusters.create(ref, spec, { ...run, deliver: () => Promise.reject(full) })
  await expect(failing).rejects.toBe(full)
  expect(await phase()).toBe('Creating')
  const seen: unknown[] = []
  const deliver = async (access: ClusterKubeconfig): Promise<void> => {
    seen.push(access, await phase())
  }
  const access = await clusters.create(ref, spec, { ...run, deliver })
  expect(seen).toEqual([access, 'Creating'])
  expect(await phase()).toBe('Ready')
})

test('what was begun is gone on with: neither record nor nodes nor authorities are made again', async () => {
  const { clusters, nodes, writes, home } = createFixture()
  nodes.before = (what) =>
    what === 'join q-cp-0'
      ? Promise.reject(new KnestError('node-command', 'out of memory'))
      : Promise.resolve()
  await expect(clusters.create(ref, spec, run)).rejects.toMatchObject({ message: 'out of memory' })
  const authorities = await home.readAuthorities(ref, never)
  expect(authorities).not.toBeUndefined()
  nodes.before = () => Promise.resolve()
  nodes.done.length = 0
  await clusters.create(ref, spec, run)
  expect(writes.filter((write) => write === 'create')).toHaveLength(1)
  expect(nodes.done.filter((what) => what === 'join q-cp-0')).toHaveLength(1)
  expect([...nodes.nodes.keys()].sort()).toEqual(['q-cp-0', 'q-worker-0'])
  expect(await home.readAuthorities(ref, never)).toEqual(authorities)
})

test('of two at the same time one does the work, and the other hears that it is done', async () => {
  const { clusters, nodes } = createFixture()
  const [first, second] = await Promise.allSettled([
    clusters.create(ref, spec, run),
    clusters.create(ref, spec, run),
  ])
  const ends = [first.status, second.status].sort()
  expect(ends).toEqual(['fulfilled', 'rejected'])
  const lost = [first, second].find(({ status }) => status === 'rejected') as PromiseRejectedResult
  expect(lost.reason).toMatchObject({ code: 'already-exists' })
  expect(nodes.done.filter((what) => what === 'join q-cp-0')).toHaveLength(1)
})

test('kept data are created again, with the addons that are on them', async () => {
  const { clusters, nodes, writes, phase } = await createdFixture(persistent)
  await clusters.delete(ref, { ...run, keepData: true })
  expect(await phase()).toBe('Kept')
  nodes.done.length = 0
  writes.length = 0
  await clusters.create(ref, persistent, run)
  expect(writes).toEqual(['Creating', 'Ready'])
  expect(nodes.done.sort()).toEqual(['ensure q-cp-0', 'ensure q-worker-0'])
  expect(await phase()).toBe('Ready')
})

test('kept data are not created again by other settings', async () => {
  const { clusters, phase } = await createdFixture(persistent)
  await clusters.delete(ref, { ...run, keepData: true })
  await expect(clusters.create(ref, withWorkers(2, persistent), run)).rejects.toMatchObject({
    code: 'already-exists',
    message: 'cluster "q" kept its data, with other settings',
  })
  expect(await phase()).toBe('Kept')
})

test('the plan is what a create does then', async () => {
  const { clusters, nodes } = createFixture()
  const titles = async (): Promise<readonly string[]> =>
    (await clusters.planCreate(ref, spec, run)).map(({ title }) => title)
  expect(await titles()).toEqual([
    'Reserve addresses',
    'Create certificate authorities',
    'Create node "q-cp-0"',
    'Create node "q-worker-0"',
    'Start the control plane on "q-cp-0"',
    'Wait for the API server',
    'Set up the cluster',
    'Install network, DNS and storage',
    'Join worker "q-worker-0"',
    'Save the kubeconfig',
    'Wait for 2 nodes and DNS to be ready',
  ])
  nodes.before = (what) =>
    what === 'join q-worker-0' ? Promise.reject(new KnestError('node-command', 'no')) : Promise.resolve()
  await expect(clusters.create(ref, spec, run)).rejects.toThrow('no')
  const left = await titles()
  expect(left).not.toContain('Create node "q-cp-0"')
  expect(left).not.toContain('Start the control plane on "q-cp-0"')
  expect(left).toContain('Join worker "q-worker-0"')
})

test('goes on with nodes that answer before the host says that they run', async () => {
  let isKilled = true
  const { clusters, phase } = createFixture((backend) => ({
    ...backend,
    ensureNode: async (...given) => {
      const node = await backend.ensureNode(...given)
      if (isKilled) throw new KnestError('config', 'killed')
      return node
    },
    // kubelet tells the host of its pods seconds later on a busy machine.
    listNodes: async (...given) =>
      (await backend.listNodes(...given)).map((node) => ({ ...node, phase: 'pending' as const })),
  }))
  await expect(clusters.create(ref, spec, run)).rejects.toThrow('killed')
  isKilled = false
  await clusters.create(ref, spec, run)
  expect(await phase()).toBe('Ready')
})
