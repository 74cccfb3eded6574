import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { KubeObject } from 'knest'
import { createCluster, never } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import { runKnest } from './support/knest.js'

const isLong = process.env.KNEST_TEST_LONG !== undefined
const name = 'e2e-kind-file'
const head = 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n'

/** The API server has a certificate of this name. */
const answersAs = (san: string) =>
  [
    [
      ...['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', '--server=https://127.0.0.1:6443'],
      ...[`--tls-server-name=${san}`, 'get', '--raw=/livez'],
    ],
    'ok',
  ] as const

/** What a cluster shows of its file. */
interface Shown {
  /** Nodes by name, without the cluster's, each with what the file says of it. */
  readonly nodes?: Readonly<Record<string, object>>
  /** By component: each is a flag of its static pod. */
  readonly flags?: Readonly<Record<string, readonly string[]>>
  /** Of kubelet on the first control plane. */
  readonly kubelet?: object
  /** A command on that node, and what it prints. */
  readonly prints?: readonly (readonly [readonly string[], string])[]
}

const one = { 'cp-0': {} }
const roles = (...all: readonly string[]): string => `nodes: [${all.map((role) => `{role: ${role}}`).join()}]`
const patch = (...lines: readonly string[]): string =>
  ['kubeadmConfigPatches:', '- |', ...lines.map((line) => `  ${line}`)].join('\n')

// kind's own documentation has most of them.
const comesUp: readonly (readonly [title: string, file: string, shown: Shown])[] = [
  ['nothing but its kind', '', { nodes: one }],
  ['one control plane', roles('control-plane'), { nodes: one }],
  [
    'two workers',
    roles('control-plane', 'worker', 'worker'),
    { nodes: { ...one, 'worker-0': {}, 'worker-1': {} } },
  ],
  [
    'three control planes',
    roles('control-plane', 'control-plane', 'control-plane'),
    { nodes: { ...one, 'cp-1': {}, 'cp-2': {} } },
  ],
  [
    'labels',
    'nodes: [{role: control-plane, labels: {tier: frontend}}, {role: worker, labels: {tier: backend}}]',
    {
      nodes: {
        'cp-0': { metadata: { labels: { tier: 'frontend' } } },
        'worker-0': { metadata: { labels: { tier: 'backend' } } },
      },
    },
  ],
  [
    'a label of kubelet, as for an ingress controller',
    'nodes:\n- role: control-plane\n  kubeadmConfigPatches:\n  - |\n    kind: InitConfiguration\n    nodeRegistration:\n      kubeletExtraArgs:\n        node-labels: "ingress-ready=true"\n',
    { nodes: { 'cp-0': { metadata: { labels: { 'ingress-ready': 'true' } } } } },
  ],
  [
    'a taint',
    'nodes: [{}, {role: worker, kubeadmConfigPatches: ["{kind: JoinConfiguration, nodeRegistration: {taints: [{key: a, value: b, effect: NoSchedule}]}}"]}]',
    { nodes: { ...one, 'worker-0': { spec: { taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] } } } },
  ],
  [
    'an image of kind',
    'nodes: [{role: control-plane, image: "kindest/node:v1.35.4@sha256:0000000000000000000000000000000000000000000000000000000000000000"}]',
    { nodes: { 'cp-0': { status: { nodeInfo: { kubeletVersion: 'v1.35.4' } } } } },
  ],
  [
    'ranges',
    'networking: {podSubnet: 10.221.0.0/16, serviceSubnet: 10.222.0.0/16}',
    {
      nodes: { 'cp-0': { spec: { podCIDR: expect.stringMatching(/^10\.221\./) as string } } },
      flags: { 'kube-apiserver': ['service-cluster-ip-range=10.222.0.0/16'] },
    },
  ],
  [
    'a mode of kube-proxy',
    'networking: {kubeProxyMode: iptables}',
    { prints: [[['busybox', 'wget', '-qO-', 'http://127.0.0.1:10249/proxyMode'], 'iptables']] },
  ],
  [
    'feature gates',
    'featureGates: {KubeletPSI: false}',
    {
      kubelet: { featureGates: { KubeletPSI: false } },
      flags: { 'kube-scheduler': ['feature-gates=KubeletPSI=false'] },
    },
  ],
  [
    'what the API serves',
    'runtimeConfig: {"api/alpha": "true"}',
    { flags: { 'kube-apiserver': ['runtime-config=api/alpha=true'] } },
  ],
  [
    'a patch of the API server as kubeadm had it before v1beta4',
    patch('kind: ClusterConfiguration', 'apiServer:', '  extraArgs:', '    v: "1"', '  certSANs: [my.test]'),
    { flags: { 'kube-apiserver': ['v=1'] }, prints: [answersAs('my.test')] },
  ],
  [
    'a patch as kubeadm v1beta4 has it',
    patch(
      'apiVersion: kubeadm.k8s.io/v1beta4',
      'kind: ClusterConfiguration',
      'controllerManager:',
      '  extraArgs: [{ name: node-monitor-grace-period, value: 41s }]',
      'etcd: { local: { extraArgs: [{ name: max-request-bytes, value: "2000000" }] } }',
    ),
    {
      flags: {
        'kube-controller-manager': ['node-monitor-grace-period=41s'],
        etcd: ['max-request-bytes=2000000'],
      },
    },
  ],
  [
    'a patch by JSON 6902',
    'kubeadmConfigPatchesJSON6902:\n- group: kubeadm.k8s.io\n  version: v1beta3\n  kind: ClusterConfiguration\n  patch: |\n    - op: add\n      path: /apiServer/certSANs/-\n      value: other.test\n',
    { prints: [answersAs('other.test')] },
  ],
  [
    'patches of kubelet and kube-proxy in one',
    patch(
      'kind: KubeletConfiguration',
      'maxPods: 50',
      '---',
      'kind: KubeProxyConfiguration',
      'nftables: {minSyncPeriod: 2s}',
    ),
    {
      kubelet: { maxPods: 50 },
      prints: [[['busybox', 'wget', '-qO-', 'http://127.0.0.1:10249/configz'], '"MinSyncPeriod":"2s"']],
    },
  ],
  [
    'a mirror',
    'containerdConfigPatches:\n- |-\n  [plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\n    endpoint = ["http://mirror.test:5000"]\n',
    { prints: [[['cat', '/etc/containerd/certs.d/docker.io/hosts.toml'], 'http://mirror.test:5000']] },
  ],
]

const refused: readonly (readonly [title: string, file: string, said: RegExp])[] = [
  [
    'a directory of this machine',
    'nodes: [{role: control-plane, extraMounts: [{hostPath: /data, containerPath: /data}]}]',
    /kind\.yaml" line 3: the mount of \/data on \/data[^]*hint: /,
  ],
  [
    'a port of this machine',
    'nodes: [{role: control-plane, extraPortMappings: [{containerPort: 80, hostPort: 8080}]}]',
    /kind\.yaml" line 3: port 8080 [^]*LoadBalancer[^]*knest open/,
  ],
  ['IPv6', 'networking: {ipFamily: ipv6}', /kind\.yaml" line 3: ipFamily ipv6[^]*hint: /],
]

const onNode = (cluster: TestCluster, ...command: readonly string[]): Promise<string> =>
  cluster.knest('ssh', name, 'cp-0', '--', ...command)
const ofNode = ({ metadata }: KubeObject): string => metadata.name.slice(name.length + 1)

describe.runIf(isLong)('a file of kind', () => {
  const folder = mkdtempSync(join(tmpdir(), 'knest-e2e-'))
  const path = join(folder, 'kind.yaml')
  afterAll(() => rmSync(folder, { recursive: true }))

  const expectShown = async (cluster: TestCluster, { nodes, flags = {}, kubelet, prints = [] }: Shown) => {
    const found = await cluster.api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
    if (nodes !== undefined) {
      expect(found.map(ofNode).sort()).toEqual(Object.keys(nodes).sort())
      for (const node of found) expect(node).toMatchObject(nodes[ofNode(node)] ?? {})
    }
    for (const [component, told] of Object.entries(flags)) {
      const manifest = await onNode(cluster, 'cat', `/etc/kubernetes/manifests/${component}.yaml`)
      for (const flag of told) expect(manifest).toContain(`--${flag}\n`)
    }
    if (kubelet !== undefined) {
      const { body } = await cluster.api.raw(`/api/v1/nodes/${name}-cp-0/proxy/configz`, never)
      expect(JSON.parse(body)).toMatchObject({ kubeletconfig: kubelet })
    }
    for (const [command, text] of prints) expect(await onNode(cluster, ...command)).toContain(text)
  }

  it.each(comesUp)('comes up with %s', async (_title, file, shown) => {
    writeFileSync(path, head + file)
    const cluster = await createCluster(name, '--from', path)
    try {
      await expectShown(cluster, shown)
    } finally {
      await cluster.remove()
    }
  })

  it.each(refused)('says why it cannot have %s', async (_title, file, said) => {
    const home = createHome()
    writeFileSync(path, head + file)
    const { code, stderr } = await runKnest(home, ['create', name, '--from', path, '--context', hostContext])
    home.remove()
    expect(stderr).toMatch(said)
    expect(code).toBe(2)
  })
})
if (!isLong) console.log('skipped: twenty files of kind, each created: hack/test --long has time for them')
