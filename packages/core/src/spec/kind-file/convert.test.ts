import { describe, expect, it } from 'vitest'
import { parseClusterFile } from '../parse-file.js'

const head = 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n'
const read = (text: string) => parseClusterFile(head + text, 'kind.yaml')
const one = { controlPlane: { count: 1 }, workers: [] }
const ingress = `
nodes:
- role: control-plane
  kubeadmConfigPatches:
  - |
    kind: InitConfiguration
    nodeRegistration:
      kubeletExtraArgs:
        node-labels: "ingress-ready=true"
`
const audit = `
kubeadmConfigPatches:
- |
  kind: ClusterConfiguration
  apiServer:
    extraArgs:
      audit-log-path: /var/log/audit.log
    extraVolumes:
    - name: audit
      hostPath: /etc/kubernetes/policies
      mountPath: /etc/kubernetes/policies
      readOnly: true
    certSANs: [my.test]
`

describe('a file of kind', () => {
  it.each<[string, string, object]>([
    ['nothing but its kind', '', one],
    ['a name', 'name: app-1', one],
    [
      'three control planes and two workers',
      `nodes: [${['control-plane', 'control-plane', 'control-plane', 'worker', 'worker'].map((role) => `{role: ${role}}`).join()}]`,
      { controlPlane: { count: 3 }, workers: [{ name: 'worker', count: 2 }] },
    ],
    [
      'labels: workers that are alike are one pool',
      'nodes: [{}, {role: worker, labels: {tier: a}}, {role: worker}, {role: worker, labels: {tier: a}}]',
      {
        controlPlane: { count: 1 },
        workers: [
          { name: 'worker', count: 2, labels: { tier: 'a' } },
          { name: 'worker2', count: 1 },
        ],
      },
    ],
    [
      'labels by kubelet',
      ingress,
      { controlPlane: { count: 1, labels: { 'ingress-ready': 'true' } }, workers: [] },
    ],
    [
      'taints of a worker',
      'nodes: [{}, {role: worker, kubeadmConfigPatches: ["{kind: JoinConfiguration, nodeRegistration: {taints: [{key: a, value: b, effect: NoSchedule}]}}"]}]',
      {
        controlPlane: { count: 1 },
        workers: [{ name: 'worker', count: 1, taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] }],
      },
    ],
    [
      'ranges and no network',
      'networking: {podSubnet: 10.1.0.0/16, serviceSubnet: 10.2.0.0/16, disableDefaultCNI: true}',
      { ...one, network: { podNetworkCidr: ['10.1.0.0/16'], serviceCidr: ['10.2.0.0/16'], cni: 'none' } },
    ],
    [
      'a mode of kube-proxy',
      'networking: {kubeProxyMode: nftables}',
      { ...one, kubernetes: { kubeProxy: { mode: 'nftables' } } },
    ],
    [
      'feature gates and what the API serves',
      'featureGates: {KubeletPSI: true}\nruntimeConfig: {"api/alpha": "false"}',
      { ...one, kubernetes: { featureGates: { KubeletPSI: true }, runtimeConfig: { 'api/alpha': 'false' } } },
    ],
    [
      'a patch of the API server, as kubeadm had it up to v1beta3',
      audit,
      {
        ...one,
        kubernetes: {
          apiServer: {
            extraArgs: [{ name: 'audit-log-path', value: '/var/log/audit.log' }],
            extraVolumes: [
              {
                name: 'audit',
                hostPath: '/etc/kubernetes/policies',
                mountPath: '/etc/kubernetes/policies',
                readOnly: true,
              },
            ],
            certSANs: ['my.test'],
          },
        },
      },
    ],
    [
      'the same flag twice, as kubeadm v1beta4 has it',
      'kubeadmConfigPatches: ["{apiVersion: kubeadm.k8s.io/v1beta4, kind: ClusterConfiguration, apiServer: {extraArgs: [{name: a, value: x}, {name: a, value: y}]}, etcd: {local: {extraArgs: {quota-backend-bytes: 8589934592}}}}"]',
      {
        ...one,
        kubernetes: {
          apiServer: {
            extraArgs: [
              { name: 'a', value: 'x' },
              { name: 'a', value: 'y' },
            ],
          },
          etcd: { extraArgs: [{ name: 'quota-backend-bytes', value: '8589934592' }] },
        },
      },
    ],
    [
      'several objects in one patch',
      'kubeadmConfigPatches:\n- |\n  kind: KubeletConfiguration\n  maxPods: 50\n  ---\n  kind: KubeProxyConfiguration\n  metricsBindAddress: 0.0.0.0:10249\n',
      {
        ...one,
        kubernetes: { kubelet: { maxPods: 50 }, kubeProxy: { metricsBindAddress: '0.0.0.0:10249' } },
      },
    ],
    [
      'flags of kubelet that have a field',
      'nodes: [{kubeadmConfigPatches: ["{kind: InitConfiguration, nodeRegistration: {kubeletExtraArgs: {max-pods: 40, eviction-hard: \'memory.available<5%\', v: 4}}}"]}]',
      {
        ...one,
        kubernetes: {
          kubelet: { maxPods: 40, evictionHard: { 'memory.available': '5%' }, logging: { verbosity: 4 } },
        },
      },
    ],
    [
      'a JSON patch',
      'kubeadmConfigPatchesJSON6902:\n- group: kubeadm.k8s.io\n  version: v1beta3\n  kind: ClusterConfiguration\n  patch: |\n    - {op: add, path: /apiServer/certSANs/-, value: my.test}\n    - {op: add, path: /apiServer/extraArgs/v, value: "4"}\n',
      {
        ...one,
        kubernetes: { apiServer: { extraArgs: [{ name: 'v', value: '4' }], certSANs: ['my.test'] } },
      },
    ],
    [
      'mirrors of registries',
      'containerdConfigPatches:\n- |-\n  [plugins."io.containerd.grpc.v1.cri".registry.mirrors."localhost:5001"]\n    endpoint = ["http://kind-registry:5000"]\n',
      { ...one, registries: [{ host: 'localhost:5001', mirrors: ['http://kind-registry:5000'] }] },
    ],
  ])('is read: %s', (_what, text, input) => {
    const file = read(text)
    expect(file.input).toEqual(input)
    expect(file.unsupported).toEqual([])
    expect(file.warnings).toEqual([])
  })

  it('gives the cluster its name', () => {
    expect(read('name: app-1').ref).toEqual({ name: 'app-1' })
    expect(read('').ref).toEqual({})
  })

  it.each<[string, string, RegExp]>([
    [
      'the image of a node',
      `nodes: [{image: 'kindest/node:v1.35.4@sha256:${'0'.repeat(64)}'}]`,
      /line 3: .*knest's own of Kubernetes 1\.35\.4/,
    ],
    [
      'where the API listens on this machine',
      'networking: {apiServerPort: 6443}',
      /line 3: apiServerAddress and apiServerPort: /,
    ],
    [
      'where containerd looks for registries',
      'containerdConfigPatches: [\'plugins."io.containerd.grpc.v1.cri".registry.config_path = "/etc/containerd/certs.d"\']',
      /line 3: config_path of containerd/,
    ],
  ])('is made in another way, which is told: %s', (_what, text, warning) => {
    const file = read(text)
    expect(file.unsupported).toEqual([])
    expect(file.warnings).toEqual([expect.stringMatching(warning)])
  })

  it.each([
    [
      '{hostPort: 8080, containerPort: 80, listenAddress: 0.0.0.0}',
      'make a Service of type LoadBalancer with port 8080 in the nested cluster, or forward one by `knest open demo svc/SERVICE --local-port 8080`',
    ],
    [
      '{hostPort: 53, containerPort: 53, protocol: UDP}',
      'make a Service of type LoadBalancer with port 53/UDP in the nested cluster',
    ],
    [
      '{containerPort: 80}',
      'make a Service of type LoadBalancer in the nested cluster, or forward one by `knest open demo svc/SERVICE`',
    ],
  ])('says how else to reach %s', (mapping, hint) => {
    const { unsupported } = read(`name: demo\nnodes: [{extraPortMappings: [${mapping}]}]`)
    expect(unsupported).toEqual([expect.objectContaining({ hint })])
  })

  it.each<[string, string, RegExp]>([
    [
      'mounts of this machine',
      'nodes: [{extraMounts: [{hostPath: /a, containerPath: /b}]}]',
      /line 3: the mount of \/a on \/b/,
    ],
    [
      'ports of this machine',
      'nodes:\n- extraPortMappings:\n  - {hostPort: 80, containerPort: 80}',
      /line 5: port 80 of this machine/,
    ],
    ['IPv6', 'networking: {ipFamily: dual}', /line 3: ipFamily dual/],
    ['no kube-proxy', 'networking: {kubeProxyMode: none}', /line 3: kubeProxyMode none/],
    ['search domains', 'networking: {dnsSearch: [a.test]}', /line 3: dnsSearch/],
    ['an image without a version', 'nodes: [{image: my/node}]', /line 3: image "my\/node"/],
    [
      'several versions',
      'nodes: [{image: "kindest/node:v1.35.4"}, {role: worker, image: "kindest/node:v1.34.1"}]',
      /line 3: nodes of several versions, 1\.35\.4 and 1\.34\.1/,
    ],
    [
      'an object that kubeadm does not have',
      'kubeadmConfigPatches: ["kind: Pod"]',
      /line 3: a patch of kind "Pod"/,
    ],
    ['a patch without kind', 'kubeadmConfigPatches: ["a: b"]', /line 3: a patch of no kind/],
    ['a patch that is no YAML', 'kubeadmConfigPatches: ["a: [b"]', /line 3: a patch that is not YAML/],
    [
      'a field that knest decides',
      'kubeadmConfigPatches: ["{kind: ClusterConfiguration, imageRepository: a.test}"]',
      /line 3: imageRepository in ClusterConfiguration/,
    ],
    [
      'a flag of kubelet without a field',
      'kubeadmConfigPatches: ["{kind: InitConfiguration, nodeRegistration: {kubeletExtraArgs: {root-dir: /a}}}"]',
      /line 3: kubelet's flag --root-dir/,
    ],
    [
      'a JSON patch that finds nothing',
      'kubeadmConfigPatchesJSON6902: [{group: kubeadm.k8s.io, version: v1beta3, kind: ClusterConfiguration, patch: "- {op: replace, path: /a/b, value: 1}"}]',
      /line 3: a JSON patch that cannot be applied: replace \/a\/b/,
    ],
    [
      'another part of containerd',
      'containerdConfigPatches: ["[plugins.a]\\nb = 1"]',
      /line 3: plugins\.a\.b of containerd/,
    ],
    ['a patch that is no TOML', 'containerdConfigPatches: ["a ="]', /line 3: a patch that is not TOML/],
    ['control planes that differ', 'nodes: [{labels: {a: b}}, {}, {}]', /line 3: control planes that differ/],
  ])('is refused with its line, and nothing dropped: %s', (_what, text, message) => {
    expect(read(text).unsupported).toEqual([
      expect.objectContaining({ message: expect.stringMatching(message) as string }),
    ])
  })

  it('may not have fields that kind does not have', () => {
    expect(() => read('nodes: [{rol: worker}]')).toThrow(/line 3: "nodes\[0\]\.rol" is not a known field/)
  })
})
