import { describe, expect, it, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { fakeRecord } from '../status/fake-parts.js'
import { initConfiguration } from './config.js'
import { keptConfiguration, keptFaults, type KeptConfiguration } from './kept-configuration.js'
import { kubeletFlagsIn } from './kubelet-flags.js'
import { workerFiles } from './node-files.js'
import { createAuthorities } from '../pki/index.js'

const { spec } = fakeRecord({})
const ref = { name: 'c', namespace: 'knest-c' }
const addresses = {
  controlPlaneEndpoint: 'c-api.knest-c.svc:6443',
  identities: new Map([['c-cp-0', '10.96.0.9']]),
  certificateNames: [],
  peerNames: [],
  hosts: [],
}
const configMap = (
  key: string,
  text: string,
): { data: Record<string, string> } & Record<string, unknown> => ({
  data: { [key]: text },
})
const kept = keptConfiguration({
  cluster: configMap(
    'ClusterConfiguration',
    `kind: ClusterConfiguration
kubernetesVersion: v1.34.4
apiServer:
  extraArgs: [{ name: max-requests-inflight, value: "800" }]
  certSANs: [mine.example]
etcd: { local: { dataDir: /var/lib/etcd } }
`,
  ),
  kubelet: configMap('kubelet', 'kind: KubeletConfiguration\nmaxPods: 42\ncgroupDriver: systemd\n'),
  proxy: configMap('config.conf', 'kind: KubeProxyConfiguration\nmode: ipvs\n'),
} as never)

function documents(given: KeptConfiguration, flags = ''): (kind: string) => Record<string, unknown> {
  const text = initConfiguration({
    ...{ ref, spec, node: 'c-cp-0', addresses, cgroupDriver: 'cgroupfs', timeoutFactor: 1, kept: given },
    kubeletFlags: kubeletFlagsIn(flags),
  })
  const all = parseAllDocuments(text).map((document) => document.toJS() as Record<string, unknown>)
  return (kind) => all.find((document) => document.kind === kind) ?? {}
}

describe("kubeadm's configuration for an upgrade", () => {
  it('is what the cluster keeps, but for the version and the driver of the node', () => {
    const of = documents(kept)
    expect(of('ClusterConfiguration')).toEqual({
      kind: 'ClusterConfiguration',
      kubernetesVersion: `v${spec.kubernetesVersion}`,
      apiServer: { extraArgs: [{ name: 'max-requests-inflight', value: '800' }], certSANs: ['mine.example'] },
      etcd: { local: { dataDir: '/var/lib/etcd' } },
    })
    expect(of('KubeletConfiguration')).toEqual({
      kind: 'KubeletConfiguration',
      maxPods: 42,
      cgroupDriver: 'cgroupfs',
    })
    expect(of('KubeProxyConfiguration')).toEqual({ kind: 'KubeProxyConfiguration', mode: 'ipvs' })
  })

  it.each([
    ['nothing', {}],
    ['what is no configuration', { cluster: '', kubelet: '[]', proxy: ': no' }],
  ])("is knest's own where the cluster keeps %s", (_, given) => {
    const of = documents(given)
    expect(of('ClusterConfiguration')).toMatchObject({ clusterName: 'c' })
    expect(of('KubeletConfiguration')).toMatchObject({ failSwapOn: false })
    expect(of('KubeProxyConfiguration')).toMatchObject({ mode: 'nftables' })
  })

  it("has the kubelet's flags of the node, but not those that are decided anew", () => {
    const flags = [
      'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/x --max-pods=20',
      '--node-labels=zone=a,knest.dev/cluster=old --pod-infra-container-image=pause:3.9 --v=4"\n',
    ].join(' ')
    expect(documents({}, flags)('InitConfiguration')).toMatchObject({
      nodeRegistration: {
        kubeletExtraArgs: [
          { name: 'node-labels', value: 'zone=a,knest.dev/cluster=c' },
          { name: 'max-pods', value: '20' },
          { name: 'v', value: '4' },
        ],
      },
    })
  })
})

test('a worker gets what the cluster keeps for all kubelets, and keeps its own flags', async () => {
  const pool = {
    ...spec.workers[0],
    name: 'worker',
    labels: {},
    taints: [{ key: 'k', effect: 'NoSchedule' }],
  }
  const files = await workerFiles({
    ...{ ref, spec, node: 'c-worker-0', addresses, cgroupDriver: 'cgroupfs', kept },
    pool: pool as never,
    authorities: await createAuthorities(),
    kubeletFlags: kubeletFlagsIn("KUBELET_KUBEADM_ARGS='--v=4'"),
  })
  const text = (path: string): string =>
    files.flatMap((file) => (file.path === path && 'content' in file ? [file.content] : []))[0] ?? ''
  expect(parse(text('/var/lib/kubelet/config.yaml'))).toEqual({
    kind: 'KubeletConfiguration',
    maxPods: 42,
    cgroupDriver: 'cgroupfs',
    registerWithTaints: [{ key: 'k', effect: 'NoSchedule' }],
  })
  expect(text('/var/lib/kubelet/kubeadm-flags.env')).toBe(
    'KUBELET_KUBEADM_ARGS="--node-labels=knest.dev/cluster=c --v=4"\n',
  )
})

describe('what is against an upgrade', () => {
  const networking = (podSubnet: string): KeptConfiguration => ({
    cluster: `kind: ClusterConfiguration\nnetworking: { podSubnet: ${podSubnet} }\n`,
  })
  const [range = ''] = spec.network.podNetworkCidr
  it.each([
    ['nothing kept', {}, []],
    ['what users may change', kept, []],
    ['the range it was made with', networking(range), []],
    ['another range', networking('10.9.0.0/16'), [expect.stringContaining('podSubnet "10.9.0.0/16"')]],
    [
      'broken YAML',
      { proxy: 'kind: [' },
      [expect.stringContaining('key "config.conf" of ConfigMap "kube-system/kube-proxy" cannot be read')],
    ],
    ['an empty key', { kubelet: '' }, [expect.stringContaining('"kube-system/kubelet-config"')]],
  ])('%s', (_, given: KeptConfiguration, faults) => {
    expect(keptFaults(given, spec)).toEqual(faults)
  })
})
