import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { fakeRecord } from '../status/fake-parts.js'
import { initConfiguration, joinConfiguration } from './config.js'

const { spec } = fakeRecord({})
const node = 'c-cp-0'
const addresses = {
  controlPlaneEndpoint: 'c-api.knest-c.svc:6443',
  identities: new Map([[node, '10.96.0.9']]),
  certificateNames: [],
  peerNames: [],
  hosts: [],
}

function timeoutsOf(timeoutFactor: number): readonly unknown[] {
  const ref = { name: 'c', namespace: 'knest-c' }
  const init = initConfiguration({ ref, spec, node, addresses, cgroupDriver: 'systemd', timeoutFactor })
  const [first] = parseAllDocuments(init).map((document) => document.toJS() as { timeouts?: unknown })
  const join = joinConfiguration({ ref, spec, node, addresses, discoveryPath: '/d', timeoutFactor })
  return [first?.timeouts, (parse(join) as { timeouts?: unknown }).timeouts]
}

it('ranges go to kubeadm in its own words, with its own comma', () => {
  const ref = { name: 'c', namespace: 'knest-c' }
  const network = {
    ...spec.network,
    podNetworkCidr: ['10.1.0.0/16', 'fd01::/48'],
    serviceCidr: ['10.2.0.0/16', 'fd02::/108'],
  }
  const input = {
    ref,
    spec: { ...spec, network },
    node,
    addresses,
    cgroupDriver: 'systemd',
    timeoutFactor: 1,
  } as const
  const documents = parseAllDocuments(initConfiguration(input)).map(
    (document) => document.toJS() as Readonly<Record<string, unknown>>,
  )
  const of = (kind: string): unknown => documents.find((document) => document.kind === kind)
  expect(of('ClusterConfiguration')).toMatchObject({
    networking: { podSubnet: '10.1.0.0/16,fd01::/48', serviceSubnet: '10.2.0.0/16,fd02::/108' },
  })
  expect(of('KubeProxyConfiguration')).toMatchObject({ clusterCIDR: '10.1.0.0/16,fd01::/48' })
  expect(of('KubeletConfiguration')).toMatchObject({ clusterDNS: ['10.2.0.10'] })
})

it('the bootstrap token that kubeadm makes in any case lasts for a second', () => {
  const ref = { name: 'c', namespace: 'knest-c' }
  const init = initConfiguration({ ref, spec, node, addresses, cgroupDriver: 'systemd', timeoutFactor: 1 })
  const [first] = parseAllDocuments(init).map((document) => document.toJS() as { bootstrapTokens?: unknown })
  expect(first?.bootstrapTokens).toEqual([{ ttl: '1s' }])
})

it.each([
  ['container', 1, [{ name: 'leader-elect', value: 'false' }]],
  ['pod', 1, []],
  ['vm', 2, expect.arrayContaining([{ name: 'leader-elect-lease-duration', value: '30s' }])],
] as const)('leaders of a cluster of %s nodes, %i times as slow', (backend, timeoutFactor, expected) => {
  const ref = { name: 'c', namespace: 'knest-c' }
  const ofNodes = { ...spec, controlPlane: { ...spec.controlPlane, backend } }
  const input = { ref, spec: ofNodes, node, addresses, cgroupDriver: 'systemd', timeoutFactor } as const
  const documents = parseAllDocuments(initConfiguration(input)).map(
    (document) => document.toJS() as Readonly<Record<string, { extraArgs?: readonly { name: string }[] }>>,
  )
  const cluster = documents.find(({ controllerManager }) => controllerManager !== undefined)
  const of = (part: string): unknown =>
    (cluster?.[part]?.extraArgs ?? []).filter(({ name }) => name.startsWith('leader-elect'))
  expect([of('controllerManager'), of('scheduler')]).toEqual([expected, expected])
})

it.each([
  ['pod', ['8s']],
  ['vm', []],
  ['container', []],
] as const)('an API server of %s nodes serves %s more when it is asked to end', (backend, expected) => {
  const ref = { name: 'c', namespace: 'knest-c' }
  const ofNodes = { ...spec, controlPlane: { ...spec.controlPlane, backend } }
  const input = { ref, spec: ofNodes, node, addresses, cgroupDriver: 'systemd', timeoutFactor: 1 } as const
  const [, cluster] = parseAllDocuments(initConfiguration(input)).map(
    (document) =>
      document.toJS() as {
        readonly apiServer: { readonly extraArgs?: readonly Readonly<Record<'name' | 'value', string>>[] }
      },
  )
  const delays = (cluster?.apiServer.extraArgs ?? []).filter(({ name }) => name === 'shutdown-delay-duration')
  expect(delays.map(({ value }) => value)).toEqual(expected)
})

it('settings of a user stand beside those of knest, and in place of them', () => {
  const ref = { name: 'c', namespace: 'knest-c' }
  const kubernetes = {
    featureGates: { A: true, B: false },
    runtimeConfig: { 'api/all': 'true' },
    apiServer: {
      extraArgs: [{ name: 'audit-log-path', value: '-' }],
      extraVolumes: [{ name: 'v', hostPath: '/a', mountPath: '/b', readOnly: true }],
      certSANs: ['api.example.com', 'localhost'],
    },
    controllerManager: { extraArgs: [{ name: 'kube-api-qps', value: '9' }] },
    scheduler: { extraEnvs: [{ name: 'GOGC', value: '50' }] },
    etcd: { extraArgs: [{ name: 'quota-backend-bytes', value: '1' }] },
    kubelet: { maxPods: 9, authentication: { webhook: { cacheTTL: '1s' } }, featureGates: { B: true } },
    kubeProxy: { mode: 'iptables', conntrack: { min: 0 } },
  }
  const input = {
    ref,
    spec: { ...spec, kubernetes },
    node,
    addresses,
    cgroupDriver: 'systemd',
    timeoutFactor: 1,
  } as const
  const [, cluster, kubelet, proxy] = parseAllDocuments(initConfiguration(input)).map(
    (document) => document.toJS() as Readonly<Record<string, unknown>>,
  )
  const gates = { name: 'feature-gates', value: 'A=true,B=false' }
  expect(cluster).toMatchObject({
    apiServer: {
      extraArgs: [
        { name: 'shutdown-delay-duration', value: '8s' },
        gates,
        { name: 'runtime-config', value: 'api/all=true' },
        ...kubernetes.apiServer.extraArgs,
      ],
      extraVolumes: kubernetes.apiServer.extraVolumes,
      certSANs: ['127.0.0.1', 'localhost', 'api.example.com'],
    },
    controllerManager: {
      extraArgs: [{ name: 'kube-api-burst', value: '400' }, gates, { name: 'kube-api-qps', value: '9' }],
    },
    scheduler: { extraArgs: [gates], extraEnvs: kubernetes.scheduler.extraEnvs },
    etcd: { local: { extraArgs: expect.arrayContaining(kubernetes.etcd.extraArgs) } },
  })
  expect(kubelet).toMatchObject({
    maxPods: 9,
    featureGates: { A: true, B: true },
    authentication: { webhook: { enabled: true, cacheTTL: '1s' } },
  })
  expect(proxy).toMatchObject({
    mode: 'iptables',
    conntrack: { maxPerCore: 0, min: 0 },
    featureGates: { A: true, B: false },
  })
})

describe("kubeadm's own time limits", () => {
  it('stay as they are on hardware', () => {
    expect(timeoutsOf(1)).toEqual([undefined, undefined])
  })

  it('are longer where machines are emulated, with the startup probes of the static pods', () => {
    const longer = {
      controlPlaneComponentHealthCheck: '16m0s',
      etcdAPICall: '8m0s',
      kubernetesAPICall: '4m0s',
    }
    expect(timeoutsOf(4)).toMatchObject([longer, longer])
  })
})
