import { describe, expect, test, vi } from 'vitest'
import { KnestError, type ClusterSpec } from '@knest/core'
import {
  createdFixture,
  never,
  persistent,
  recordingProgress,
  ref,
  run,
  spec,
  type Fixture,
} from './fixture.js'

// Whole operations with real TLS: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const request = { kubernetesVersion: '1.35.9' }
const kind = { apiVersion: 'v1', kind: 'ConfigMap' }
const namespace = 'kube-system'
const configPath = '/etc/kubernetes/knest-kubeadm.yaml'

async function data({ nodes: { api } }: Fixture, name: string): Promise<Record<string, string> | undefined> {
  const found = await api.objects.get(kind, name, namespace, never)
  return found?.data as Record<string, string> | undefined
}

/** As `kubectl edit` does. */
async function edit(
  fixture: Fixture,
  name: string,
  key: string,
  change: (text: string) => string,
): Promise<void> {
  const before = (await data(fixture, name))?.[key] ?? ''
  const after = change(before)
  expect(after).not.toBe(before)
  await fixture.nodes.api.objects.patch(kind, name, namespace, { data: { [key]: after } }, { signal: never })
}

const mine = '# mine\n.:53 {\n    errors\n}\n'

/** A cluster whose user has set everything kubeadm lets them set. */
async function changed(of: ClusterSpec = spec): Promise<Fixture> {
  const fixture = await createdFixture(of)
  await edit(fixture, 'coredns', 'Corefile', () => mine)
  await edit(fixture, 'kube-proxy', 'config.conf', (text) => text.replace('mode: nftables', 'mode: ipvs'))
  await edit(fixture, 'kubelet-config', 'kubelet', (text) => `${text}maxPods: 42\n`)
  await edit(fixture, 'kubeadm-config', 'ClusterConfiguration', (text) =>
    text.replace(
      'apiServer:\n  extraArgs:\n',
      'apiServer:\n  extraArgs:\n    - name: max-requests-inflight\n      value: "800"\n',
    ),
  )
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' }
  await fixture.nodes.api.objects.patch(
    deployment,
    'coredns',
    namespace,
    { spec: { replicas: 5 } },
    { signal: never },
  )
  fixture.nodes.nodes
    .get('q-worker-0')
    ?.files.set('/var/lib/kubelet/kubeadm-flags.env', 'KUBELET_KUBEADM_ARGS="--v=4"\n')
  return fixture
}

async function expectKept(fixture: Fixture): Promise<void> {
  expect(await data(fixture, 'coredns')).toEqual({ Corefile: mine })
  expect((await data(fixture, 'kube-proxy'))?.['config.conf']).toContain('mode: ipvs')
  expect((await data(fixture, 'kubelet-config'))?.kubelet).toContain('maxPods: 42')
  const cluster = (await data(fixture, 'kubeadm-config'))?.ClusterConfiguration
  expect(cluster).toMatch(/name: max-requests-inflight\s+value: "800"/)
}

async function expectUpgraded(fixture: Fixture): Promise<void> {
  await expectKept(fixture)
  expect((await data(fixture, 'kubeadm-config'))?.ClusterConfiguration).toContain(
    'kubernetesVersion: v1.35.9',
  )
  const { nodes } = fixture.nodes
  expect(nodes.get('q-cp-0')?.files.get(configPath)).toMatch(/max-requests-inflight\n(.*\n)*.*maxPods: 42\n/)
  expect(nodes.get('q-worker-0')?.files.get('/var/lib/kubelet/config.yaml')).toContain('maxPods: 42')
  expect(nodes.get('q-worker-0')?.files.get('/var/lib/kubelet/kubeadm-flags.env')).toContain(' --v=4"')
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' }
  const found = await fixture.nodes.api.objects.get(deployment, 'coredns', namespace, never)
  expect(found?.spec).toMatchObject({ replicas: 5 })
}

describe("an upgrade keeps its user's settings", () => {
  test('as they are in the cluster and on its nodes', async () => {
    const fixture = await changed()
    expect(await fixture.clusters.upgrade(ref, request, run)).toMatchObject({ phase: 'Ready' })
    await expectUpgraded(fixture)
  })

  test.each(['change image q-cp-0', 'start anew q-cp-0', 'upgrade configuration', 'upgrade addons'])(
    'also where it was killed before "%s"',
    async (point) => {
      const fixture = await changed()
      fixture.nodes.before = (what) =>
        what === point ? Promise.reject(new KnestError('cancelled', 'killed')) : Promise.resolve()
      await expect(fixture.clusters.upgrade(ref, request, run)).rejects.toThrow('killed')
      fixture.nodes.before = () => Promise.resolve()
      expect(await fixture.clusters.upgrade(ref, request, run)).toMatchObject({ phase: 'Ready' })
      await expectUpgraded(fixture)
    },
  )

  test.each(['coredns', 'kube-proxy'])('and does not bring %s back', async (name) => {
    const fixture = await changed()
    await fixture.nodes.api.objects.delete(kind, name, namespace, { signal: never })
    const progress = recordingProgress()
    await fixture.clusters.upgrade(ref, request, { ...run, progress })
    expect(await data(fixture, name)).toBeUndefined()
    expect(progress.notes).toContainEqual(expect.stringContaining(`no ConfigMap "kube-system/${name}"`))
  })
})

describe('before an upgrade changes anything', () => {
  test.each([
    [
      'podSubnet',
      (text: string) => text.replace(/podSubnet: .*/, 'podSubnet: 10.9.0.0/16'),
      'podSubnet "10.9.0.0/16"',
    ],
    ['broken YAML', (text: string) => `${text}: [\n`, 'cannot be read'],
  ])('it is refused with what cannot be taken over: %s', async (_, change, message) => {
    const fixture = await createdFixture()
    await edit(fixture, 'kubeadm-config', 'ClusterConfiguration', change)
    for (const operation of ['planUpgrade', 'upgrade'] as const)
      await expect(fixture.clusters[operation](ref, request, run)).rejects.toMatchObject({
        code: 'prerequisite',
        problems: [expect.objectContaining({ message: expect.stringContaining(message) as string })],
      })
    expect(fixture.nodes.done).toEqual([])
    expect(fixture.writes).toEqual([])
  })

  test('flags that are in a manifest only are told', async () => {
    const fixture = await createdFixture()
    const pod = (flag: string): string => `spec: { containers: [{ command: [kube-apiserver, ${flag}] }] }\n`
    const node = fixture.nodes.nodes.get('q-cp-0')
    if (node !== undefined) node.staticPods = `= kube-apiserver\n${pod('--v=9')}= written\n${pod('--a=1')}`
    const progress = recordingProgress()
    await fixture.clusters.planUpgrade(ref, request, { ...run, progress })
    expect(progress.warnings).toEqual([
      expect.stringMatching(
        /^static pod "kube-apiserver" of node "q-cp-0" was changed by hand .*: --v=9, without --a=1;/,
      ),
    ])
  })
})

test('a resume that was interrupted and is run again leaves the settings alone', async () => {
  const fixture = await changed(persistent)
  await fixture.clusters.pause(ref, run)
  fixture.nodes.done.length = 0
  fixture.nodes.before = (what) =>
    what === 'ensure q-worker-0' ? Promise.reject(new KnestError('cancelled', 'killed')) : Promise.resolve()
  await expect(fixture.clusters.resume(ref, run)).rejects.toThrow('killed')
  fixture.nodes.before = () => Promise.resolve()
  expect((await fixture.clusters.planResume(ref, run)).map(({ title }) => title)).not.toContain(
    'Install network, DNS and storage',
  )
  await fixture.clusters.resume(ref, run)
  await expectKept(fixture)
})
