import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ClusterSpec } from '@knest/core'
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

test('they cannot be changed while the cluster exists, and nothing of them is told', async () => {
  const fixture = await created()
  const files = [{ path: policy, content: 'secret' }]
  const refused = fixture.clusters.apply(
    ref,
    { ...withSettings, kubernetes: { ...withSettings.kubernetes, files } },
    run,
  )
  await expect(refused).rejects.toMatchObject({ code: 'config' })
  await expect(refused).rejects.toThrow(/kubernetes\.files cannot be changed while the cluster exists/)
  await expect(refused).rejects.not.toThrow(/secret/)
  expect(await fixture.clusters.apply(ref, withSettings, run)).toBe('unchanged')
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
