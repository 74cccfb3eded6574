import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ClusterSpec } from '@knest/core'

type KubernetesSettings = NonNullable<ClusterSpec['kubernetes']>
import {
  createdFixture,
  createFixture,
  never,
  ref,
  run,
  spec,
  withControlPlanes,
  withWorkers,
  type Fixture,
} from './fixture.js'

const policy = '/etc/kubernetes/audit/policy.yaml'
const keys = '/etc/kubernetes/enc/keys.yaml'
const withSettings: ClusterSpec = {
  ...spec,
  kubernetes: {
    featureGates: { KubeletPSI: false },
    kubelet: { maxPods: 50 },
    files: [
      { path: policy, content: 'kind: Policy\n' },
      { path: keys, secret: { name: 'encryption', key: 'keys' } },
    ],
  },
}

const putKeys = ({ home }: Fixture): void =>
  home.putData(ref, 'Secret', 'encryption', { keys: 'kind: Keys\n' })
const fileOf = ({ nodes }: Fixture, node: string, path: string): string | undefined =>
  nodes.nodes.get(node)?.files.get(path)

async function created(of = withSettings): Promise<Fixture> {
  const fixture = createFixture()
  putKeys(fixture)
  await fixture.clusters.create(ref, of, run)
  return fixture
}

test('files are on every control plane before kubeadm runs, and on no worker', async () => {
  const fixture = await created()
  expect([fileOf(fixture, 'q-cp-0', policy), fileOf(fixture, 'q-cp-0', keys)]).toEqual([
    'kind: Policy\n',
    'kind: Keys\n',
  ])
  expect(fileOf(fixture, 'q-worker-0', policy)).toBeUndefined()
  await fixture.clusters.scale(ref, { controlPlane: 3 }, run)
  for (const node of ['q-cp-1', 'q-cp-2']) expect(fileOf(fixture, node, keys)).toBe('kind: Keys\n')
})

test('a control plane that is made again has the files as they are then', async () => {
  const fixture = await created(withControlPlanes(3, withSettings))
  fixture.home.putData(ref, 'Secret', 'encryption', { keys: 'kind: NewKeys\n' })
  fixture.nodes.loseDisk('q-cp-1')
  await fixture.clusters.apply(ref, withControlPlanes(3, withSettings), run)
  expect(fileOf(fixture, 'q-cp-1', keys)).toBe('kind: NewKeys\n')
  expect(fileOf(fixture, 'q-cp-0', keys)).toBe('kind: Keys\n')
})

test('workers that come have the settings of kubelet', async () => {
  const fixture = await created()
  await fixture.clusters.apply(ref, withWorkers(2, withSettings), run)
  for (const node of ['q-worker-0', 'q-worker-1']) {
    const config: unknown = parse(fileOf(fixture, node, '/var/lib/kubelet/config.yaml') ?? '')
    expect(config).toMatchObject({ maxPods: 50, featureGates: { KubeletPSI: false } })
  }
})

test.each([
  ['is not there', undefined, /Secret "knest-q\/encryption" is not there/],
  ['has no such key', { other: 'x' }, /Secret "knest-q\/encryption" has no key "keys"/],
])('nothing is made when the source of a file %s', async (_title, data, message) => {
  const fixture = createFixture()
  if (data !== undefined) fixture.home.putData(ref, 'Secret', 'encryption', data)
  const refused = fixture.clusters.create(ref, withSettings, run)
  await expect(refused).rejects.toMatchObject({
    code: 'prerequisite',
    message: expect.stringMatching(message),
  })
  expect(await fixture.home.list(undefined, never)).toEqual([])
})

test('a control plane is not added without them either', async () => {
  const fixture = await created()
  fixture.home.putData(ref, 'Secret', 'encryption', {})
  const refused = fixture.clusters.scale(ref, { controlPlane: 3 }, run)
  await expect(refused).rejects.toMatchObject({ code: 'prerequisite' })
  expect((await fixture.record()).spec.controlPlane.count).toBe(1)
})

const flags = (name: string): KubernetesSettings => ({
  apiServer: { extraArgs: [{ name, value: 'true' }] },
  kubelet: { maxPods: 70 },
  kubeProxy: { metricsBindAddress: '0.0.0.0' },
})
const withFlag = (name: string, of = spec): ClusterSpec => ({ ...of, kubernetes: flags(name) })
const keptIn = async ({ nodes }: Fixture, name: string, key: string): Promise<string> => {
  const kind = { apiVersion: 'v1', kind: 'ConfigMap' }
  const found = await nodes.api.objects.get(kind, name, 'kube-system', never)
  const { data } = (found ?? {}) as { data?: Readonly<Record<string, string>> }
  return data?.[key] ?? ''
}
const settingsDone = ({ nodes }: Fixture): readonly string[] =>
  nodes.done.filter((what) => what.startsWith('settings'))
/** An API server that has this flag does not start. */
const refuse = (fixture: Fixture, flag: string): void => {
  fixture.nodes.refuseSettings = (_node, files) =>
    files.get('/kubeadm.yaml')?.includes(`name: ${flag}`) === true
      ? `kube-apiserver 2026-01-01T00:00:00Z stderr F Error: unknown flag: --${flag}`
      : undefined
}

test('they change on a living cluster, node by node, and where others read them', async () => {
  const fixture = await createdFixture(withControlPlanes(3))
  expect(await fixture.clusters.apply(ref, withFlag('profiling', withControlPlanes(3)), run)).toBe(
    'configured',
  )
  expect(settingsDone(fixture)).toEqual(
    ['q-cp-0', 'q-cp-1', 'q-cp-2', 'q-worker-0'].map((name) => `settings ${name}`),
  )
  expect(await keptIn(fixture, 'kubeadm-config', 'ClusterConfiguration')).toContain('name: profiling')
  expect(await keptIn(fixture, 'kubelet-config', 'kubelet')).toContain('maxPods: 70')
  expect(await keptIn(fixture, 'kube-proxy', 'config.conf')).toContain('metricsBindAddress: 0.0.0.0')
  expect(fileOf(fixture, 'q-worker-0', '/var/lib/kubelet/config.yaml')).toContain('maxPods: 70')
  expect(await fixture.record()).toMatchObject({ phase: 'Ready', spec: { kubernetes: flags('profiling') } })
  expect((await fixture.record()).settings).toBeUndefined()
  fixture.nodes.done.length = 0
  expect(await fixture.clusters.apply(ref, withFlag('profiling', withControlPlanes(3)), run)).toBe(
    'unchanged',
  )
  expect(settingsDone(fixture)).toEqual([])
})

test('what was changed by hand beside them stays', async () => {
  const fixture = await createdFixture()
  const kind = { apiVersion: 'v1', kind: 'ConfigMap' }
  const before = await keptIn(fixture, 'kubelet-config', 'kubelet')
  const data = { kubelet: `${before}podPidsLimit: 99\n` }
  await fixture.nodes.api.objects.patch(kind, 'kubelet-config', 'kube-system', { data }, { signal: never })
  await fixture.clusters.apply(ref, withFlag('profiling'), run)
  const after = await keptIn(fixture, 'kubelet-config', 'kubelet')
  expect(after).toContain('podPidsLimit: 99')
  expect(after).toContain('maxPods: 70')
})

test('a run that was cut off goes on where it was', async () => {
  const fixture = await createdFixture(withControlPlanes(3))
  fixture.nodes.before = (what) =>
    what === 'settings q-cp-1' ? Promise.reject(new Error('killed')) : Promise.resolve()
  const wanted = withFlag('profiling', withControlPlanes(3))
  await expect(fixture.clusters.apply(ref, wanted, run)).rejects.toThrow('killed')
  expect(await fixture.record()).toMatchObject({ phase: 'Scaling', settings: { before: [{}] } })
  fixture.nodes.before = () => Promise.resolve()
  fixture.nodes.done.length = 0
  await fixture.clusters.apply(ref, wanted, run)
  expect(settingsDone(fixture)).toEqual(['q-cp-1', 'q-cp-2', 'q-worker-0'].map((name) => `settings ${name}`))
})

test('a component that does not come up has all as it was, and says why', async () => {
  const fixture = await createdFixture(withFlag('profiling'))
  const kept = await keptIn(fixture, 'kubeadm-config', 'ClusterConfiguration')
  refuse(fixture, 'bad')
  const refused = fixture.clusters.apply(ref, withFlag('bad'), run)
  await expect(refused).rejects.toMatchObject({
    code: 'config',
    message:
      'kube-apiserver on "q-cp-0" did not come up with the settings, and said last: Error: unknown flag: --bad; the former settings are back',
  })
  expect(await fixture.record()).toMatchObject({ phase: 'Ready', spec: { kubernetes: flags('profiling') } })
  expect((await fixture.record()).settings).toBeUndefined()
  expect(await keptIn(fixture, 'kubeadm-config', 'ClusterConfiguration')).toBe(kept)
  expect(await fixture.clusters.apply(ref, withFlag('profiling'), run)).toBe('unchanged')
})

test('what an object asks for and did not work is refused until it asks for something else', async () => {
  const fixture = createFixture()
  fixture.home.declare(ref, spec)
  await fixture.clusters.reconcile(ref, run)
  refuse(fixture, 'bad')
  fixture.home.ask(ref, withFlag('bad'))
  const report = await fixture.clusters.reconcile(ref, run)
  expect(report.actions.map(({ reason }) => reason)).toContain('SettingsRefused')
  const record = await fixture.record()
  expect(record).toMatchObject({ phase: 'Ready', desiredSpec: { kubernetes: flags('bad') } })
  expect(record.spec.kubernetes ?? {}).toEqual({})
  expect(record.conditions).toContainEqual(
    expect.objectContaining({
      type: 'Accepted',
      status: 'False',
      message: expect.stringContaining('unknown flag: --bad'),
    }),
  )
  fixture.nodes.done.length = 0
  await fixture.clusters.reconcile(ref, run)
  expect(settingsDone(fixture)).toEqual([])
  fixture.home.ask(ref, withFlag('profiling'))
  await fixture.clusters.reconcile(ref, run)
  expect(await fixture.record()).toMatchObject({ phase: 'Ready', spec: { kubernetes: flags('profiling') } })
  expect((await fixture.record()).conditions).toContainEqual(
    expect.objectContaining({ type: 'Accepted', status: 'True' }),
  )
})

test('what is in files is not told', async () => {
  const fixture = await created()
  const files = [{ path: policy, content: 'hidden' }]
  const changed = { ...withSettings, kubernetes: { ...withSettings.kubernetes, files } }
  const { changes } = await fixture.clusters.planApply(ref, changed, run)
  expect(JSON.stringify(changes)).not.toContain('hidden')
  await fixture.clusters.apply(ref, changed, run)
  expect(fileOf(fixture, 'q-cp-0', policy)).toBe('hidden')
})

test('version and settings do not change at the same time', async () => {
  const fixture = await createdFixture({ ...spec, kubernetesVersion: '1.34.4' })
  const both = {
    ...withFlag('profiling'),
    kubernetesVersion: '1.35.4',
    image: 'localhost/knest/node:v1.35.4',
  }
  await expect(fixture.clusters.apply(ref, both, run)).rejects.toThrow(/cannot change at the same time/)
  expect(settingsDone(fixture)).toEqual([])
})

test('a version that has no such gate is refused before anything is changed', async () => {
  const kubernetes = { featureGates: { OnlyOfBefore: true } }
  const fixture = await createdFixture({ ...spec, kubernetesVersion: '1.34.4', kubernetes })
  const request = { kubernetesVersion: '1.35.4', image: 'localhost/knest/node:v1.35.4' }
  const refused = fixture.clusters.upgrade(ref, request, run)
  await expect(refused).rejects.toMatchObject({ code: 'config' })
  await expect(refused).rejects.toThrow(
    /Kubernetes 1\.35 has no feature gate "OnlyOfBefore", and the cluster has it set/,
  )
  expect(fixture.nodes.done).toEqual([])
})
