import { expect, test } from 'vitest'
import type { ClusterSpec } from '../contracts/cluster.js'
import { specChanges } from './changes.js'
import { resolveSpec } from './resolve.js'

const recorded = resolveSpec(
  {
    controlPlane: { count: 1 },
    workers: [
      { name: 'worker', count: 1 },
      { name: 'gpu', count: 2, labels: { gpu: 'yes' } },
    ],
  },
  { force: false },
)
const changed = (change: Partial<ClusterSpec>): ReturnType<typeof specChanges> =>
  specChanges(recorded, { ...recorded, ...change })
const [worker, gpu] = recorded.workers
if (worker === undefined || gpu === undefined) throw new Error('two pools were given')

test('the same spec changes nothing, whatever the order of pools', () => {
  expect(changed({ workers: [gpu, worker] })).toEqual({ changes: [], refusals: [] })
})

test('counts change, pools come and go', () => {
  const big = { ...worker, name: 'big', count: 3 }
  expect(
    changed({
      controlPlane: { ...recorded.controlPlane, count: 3 },
      workers: [{ ...worker, count: 2 }, big],
    }),
  ).toEqual({
    changes: [
      { path: 'controlPlane.count', from: '1', to: '3' },
      { path: 'workers.worker.count', from: '1', to: '2' },
      { path: 'workers.gpu', from: '2 nodes', to: undefined },
      { path: 'workers.big', from: undefined, to: '3 nodes' },
    ],
    refusals: [],
  })
})

test('one size written in two ways is no change, another size is one', () => {
  const resized = (machine: object): unknown =>
    changed({ workers: [{ ...worker, machine: { ...worker.machine, ...machine } }, gpu] }).changes
  expect(resized({ memorySize: '4096Mi', rootfsSize: '4294967296' })).toEqual([])
  expect(resized({ memorySize: '4G' })).toEqual([
    { path: 'workers.worker.machine.memorySize', from: '4Gi', to: '4G' },
  ])
  const before = { ...recorded, health: { unhealthyAfter: '5m' } }
  const after = (unhealthyAfter: string): unknown =>
    specChanges(before, { ...before, health: { unhealthyAfter } }).changes
  expect(after('300s')).toEqual([])
  expect(specChanges({ ...before, ttl: '2h' }, { ...before, ttl: '120m' }).changes).toEqual([])
  const deleteWith = { kind: 'Pod', name: 'job', uid: 'a' } as const
  expect(specChanges({ ...before, deleteWith }, before).refusals).toEqual([])
  expect(specChanges(before, { ...before, ttl: '2h' })).toMatchObject({
    changes: [{ path: 'ttl' }],
    refusals: [],
  })
  expect(after('301s')).toHaveLength(1)
  expect(changed({ workers: [{ ...worker, labels: { empty: '' } }, gpu] }).changes).toHaveLength(1)
})

test('a pool that stays keeps its machines and labels', () => {
  const { refusals } = changed({
    workers: [worker, { ...gpu, labels: { gpu: 'no' }, machine: { ...gpu.machine, cpuCores: 4 } }],
  })
  expect(refusals.map(({ message }) => message)).toEqual([
    expect.stringContaining('workers.gpu.machine.cpuCores cannot be changed from 2 to 4'),
    expect.stringContaining('workers.gpu.labels.gpu cannot be changed from yes to no'),
  ])
  expect(refusals[0]?.hint).toBe('add a worker pool of another name with it, and take "gpu" away')
})

test('the version changes with its image, by the rule of upgrades', () => {
  const next = { kubernetesVersion: '1.36.3', image: 'localhost/knest/node:v1.36.3' }
  expect(changed(next).changes.map(({ path }) => path)).toEqual(['kubernetesVersion', 'image'])
  expect(changed(next).refusals).toEqual([])
  const back = { ...next, kubernetesVersion: '1.34.4' }
  expect(changed(back).refusals.map(({ message }) => message)).toEqual([expect.stringContaining('downgrade')])
  expect(changed({ image: 'another:v1' }).refusals[0]?.hint).toContain('with a new kubernetesVersion')
})

test.each([
  ['comes to a cluster that has none', 'none', 'local-path', true],
  ['comes to a cluster of a knest that had no add-ons', undefined, 'local-path', true],
  ['is named by what it is anyway', 'local-path', 'local-path', true],
  ['is not taken away', 'local-path', 'none', false],
  ['is not forgotten', 'local-path', undefined, false],
  ['is not taken away where it is by default', undefined, 'none', false],
] as const)('storage %s', (_, before, after, isFine) => {
  const having = (storage: typeof before): ClusterSpec => ({
    ...recorded,
    ...(storage === undefined ? {} : { addons: { storage } }),
  })
  const { changes, refusals } = specChanges(having(before), having(after))
  expect(changes).toHaveLength(before === after ? 0 : 1)
  expect(refusals).toHaveLength(isFine ? 0 : 1)
})

test.each([
  ['are turned off', undefined, 'none', 1],
  ['are turned on again', 'none', 'host', 1],
  ['are turned on again by a file that no longer names them', 'none', undefined, 1],
  ['are named as they are anyway', undefined, 'host', 0],
] as const)('load balancers %s', (_, before, after, count) => {
  const having = (loadBalancers: typeof before | typeof after): ClusterSpec => ({
    ...recorded,
    addons: { storage: 'local-path', ...(loadBalancers === undefined ? {} : { loadBalancers }) },
  })
  const { changes, refusals } = specChanges(having(before), having(after))
  expect(changes).toHaveLength(count)
  expect(refusals).toEqual([])
})

test('networks stay', () => {
  const { refusals } = changed({ network: { ...recorded.network, podNetworkCidr: ['10.9.0.0/16'] } })
  expect(refusals[0]?.message).toContain('network.podNetworkCidr cannot be changed from')
})

test("Kubernetes' own settings can change, and what is in files is not told", () => {
  expect(changed({ kubernetes: {} })).toEqual({ changes: [], refusals: [] })
  const files = [{ path: '/etc/kubernetes/keys.yaml', content: 'top secret' }]
  const { changes, refusals } = changed({ kubernetes: { files } })
  expect(refusals).toEqual([])
  expect(changes).toEqual([{ path: 'kubernetes.files', from: undefined, to: '/etc/kubernetes/keys.yaml' }])
})
