import { expect, it, test } from 'vitest'
import type { KubernetesSettings } from '../../contracts/kubernetes-settings.js'
import { knownSettings } from './known-settings.js'
import { kubernetesProblems } from './problems.js'

const said = (settings: KubernetesSettings, version = '1.35.4'): readonly string[] =>
  kubernetesProblems(settings, version).map(({ message, hint }) => `${message}; ${hint}`)

const audit = '/etc/kubernetes/audit/policy.yaml'
const auditFlag = { extraArgs: [{ name: 'audit-policy-file', value: audit }] }
const auditVolume = { name: 'audit', hostPath: '/etc/kubernetes/audit', mountPath: '/etc/kubernetes/audit' }
const mode = (value: string): KubernetesSettings => ({
  apiServer: { extraArgs: [{ name: 'authorization-mode', value }] },
})
const file = (path: string): KubernetesSettings => ({ files: [{ path, content: 'x' }] })
const volume = (given: object): KubernetesSettings => ({
  scheduler: { extraVolumes: [{ ...auditVolume, ...given }] },
})
const argument = (component: 'apiServer' | 'etcd', name: string, value = '1'): KubernetesSettings => ({
  [component]: { extraArgs: [{ name, value }] },
})

it.each<[string, KubernetesSettings]>([
  ['nothing', {}],
  ['gates that may be chosen', { featureGates: { KubeletPSI: false, AllAlpha: true } }],
  ['a gate as it is locked', { featureGates: { SidecarContainers: true } }],
  [
    'what the API serves',
    { runtimeConfig: { 'api/all': 'true', 'resource.k8s.io/v1alpha3': 'true', v1: 'true' } },
  ],
  ['groups of extensions', { runtimeConfig: { 'apiextensions.k8s.io/v1': 'true' } }],
  [
    'an audit policy',
    { apiServer: { ...auditFlag, extraVolumes: [auditVolume] }, files: [{ path: audit, content: 'x' }] },
  ],
  ['a file in a folder that every API server sees', file('/etc/kubernetes/pki/oidc.crt')],
  [
    'a flag twice',
    { apiServer: { extraArgs: ['a', 'b'].map((value) => ({ name: 'service-account-issuer', value })) } },
  ],
  [
    'names of a certificate',
    { apiServer: { certSANs: ['api.example.com', '*.example.com', '10.1.2.3', 'fd00::1'] } },
  ],
  ['authorization with a webhook', mode('Node,RBAC,Webhook')],
  ['etcd', argument('etcd', 'quota-backend-bytes')],
  ['variables', { etcd: { extraEnvs: [{ name: 'GOGC', value: '50' }] } }],
  [
    'kubelet',
    { kubelet: { maxPods: 50, evictionHard: { 'memory.available': '5%' }, logging: { verbosity: 4 } } },
  ],
  [
    'kube-proxy',
    { kubeProxy: { mode: 'iptables', conntrack: { min: 0 }, featureGates: { KubeletPSI: true } } },
  ],
])('%s is taken', (_title, settings) => {
  expect(said(settings)).toEqual([])
})

it.each<[string, KubernetesSettings, RegExp]>([
  [
    'a gate that there is not',
    { featureGates: { KubeletPS: true } },
    /^Kubernetes 1\.35 has no feature gate "KubeletPS"; did you mean "KubeletPSI"\?$/,
  ],
  [
    'a locked gate',
    { featureGates: { SidecarContainers: false } },
    /"SidecarContainers" cannot be false: Kubernetes 1\.35 has it locked to true; leave it out/,
  ],
  ['a value that is none', { runtimeConfig: { 'api/all': 'maybe' } }, /"api\/all" is "maybe"/],
  [
    'a group without version',
    { runtimeConfig: { 'resource.k8s.io': 'true' } },
    /"resource\.k8s\.io" is no group and version/,
  ],
  [
    'a group that there is not',
    { runtimeConfig: { 'resources.k8s.io/v1': 'true' } },
    /no API group "resources\.k8s\.io"; did you mean "resource\.k8s\.io"/,
  ],
  [
    'a flag that there is not',
    argument('apiServer', 'audit-log-pth'),
    /kube-apiserver 1\.35 has no flag "audit-log-pth"; did you mean "audit-log-path"/,
  ],
  ['a flag of etcd that there is not', argument('etcd', 'quota'), /etcd has no flag "quota"/],
  ['a flag with dashes', argument('apiServer', '--v'), /begins with a dash; write "v"/],
  [
    "knest's flag",
    argument('apiServer', 'etcd-servers'),
    /flag "etcd-servers" of kube-apiserver is knest's to set; leave it out/,
  ],
  ["knest's flag of etcd", argument('etcd', 'unsafe-no-fsync'), /is knest's to set; choose by --persistent/],
  ['gates as a flag', argument('apiServer', 'feature-gates', 'A=true'), /set it by --feature-gates/],
  [
    'no anonymous requests',
    argument('apiServer', 'anonymous-auth', 'false'),
    /kubelet asks without credentials/,
  ],
  ['authorization without nodes', mode('RBAC'), /without Node: nodes could not work; add Node/],
  ['a name of a certificate that is none', { apiServer: { certSANs: ['a_b'] } }, /name "a_b" of .*certSANs/],
  [
    'a variable that is none',
    { scheduler: { extraEnvs: [{ name: '1A', value: '' }] } },
    /"1A" .* environment variable/,
  ],
  ['a relative path', volume({ hostPath: 'audit' }), /path "audit" of volume "audit" .* not absolute/],
  [
    "a volume's name that is none",
    volume({ name: 'Audit' }),
    /volume "Audit" of spec\.kubernetes\.scheduler/,
  ],
  ["a volume of kubeadm's name", volume({ name: 'k8s-certs' }), /has the name of a volume of kubeadm/],
  ['a volume twice', { scheduler: { extraVolumes: [auditVolume, auditVolume] } }, /is there more than once/],
  [
    'a file that the API server does not see',
    { apiServer: auditFlag, ...file(audit) },
    /names the file ".*policy\.yaml", which no volume .* holds; mount it/,
  ],
  [
    'a field that there is not',
    { kubelet: { maxPod: 1 } },
    /kubelet 1\.35 has no field "maxPod"; did you mean "maxPods"/,
  ],
  [
    'a field below another',
    { kubelet: { logging: { verbosty: 1 } } },
    /no field "logging\.verbosty"; did you mean "logging\.verbosity"/,
  ],
  [
    'a field of another type',
    { kubelet: { maxPods: 'ten' } },
    /field "maxPods" of spec\.kubernetes\.kubelet is not a number/,
  ],
  [
    "knest's field",
    { kubelet: { clusterDNS: ['10.0.0.1'] } },
    /field "clusterDNS" of kubelet is knest's to set/,
  ],
  ['a field of every start', { kubelet: { systemReserved: {} } }, /each node finds it out at its start/],
  [
    'a gate of kubelet that there is not',
    { kubelet: { featureGates: { Nope: true } } },
    /no feature gate "Nope"/,
  ],
  ['a gate that is text', { kubelet: { featureGates: { KubeletPSI: 'on' } } }, /is not true or false/],
  [
    "knest's field of kube-proxy",
    { kubeProxy: { conntrack: { maxPerCore: 1 } } },
    /"conntrack\.maxPerCore" of kube-proxy is knest's/,
  ],
  ['a file elsewhere', file('/etc/passwd'), /is not below \/etc\/kubernetes\//],
  ['a path with dots', file('/etc/kubernetes/../passwd'), /is not below \/etc\/kubernetes\//],
  ['a folder', file('/etc/kubernetes/audit/'), /is not below \/etc\/kubernetes\//],
  ['a static pod', file('/etc/kubernetes/manifests/x.yaml'), /is one that kubeadm or knest writes/],
  ['an authority', file('/etc/kubernetes/pki/ca.crt'), /is one that kubeadm or knest writes/],
  ['a kubeconfig', file('/etc/kubernetes/admin.conf'), /is one that kubeadm or knest writes/],
  ['a file without content', { files: [{ path: audit }] }, /has no content; give one of/],
  [
    'two contents',
    { files: [{ path: audit, content: 'x', secret: { name: 'a', key: 'b' } }] },
    /has several contents/,
  ],
  [
    'a file twice',
    {
      files: [
        { path: audit, content: 'x' },
        { path: audit, content: 'y' },
      ],
    },
    /is there more than once; keep one/,
  ],
  ['much content', { files: [{ path: audit, content: 'x'.repeat(600_000) }] }, /have 600000 bytes/],
])('%s is refused', (_title, settings, message) => {
  const all = said(settings)
  expect(all).toHaveLength(1)
  expect(all[0]).toMatch(message)
})

test.each([35])('what Kubernetes 1.%i takes is known', (minor) => {
  const known = knownSettings(`1.${minor}.0`)
  expect([...(known?.featureGates.keys() ?? [])].length).toBeGreaterThan(100)
  expect(known?.groups.get('apiextensions.k8s.io')).toBe(true)
  for (const flags of Object.values(known?.flags ?? {})) expect([...flags.keys()].length).toBeGreaterThan(50)
  expect(known?.fields.kubelet.get('authentication.webhook.enabled')).toBe('boolean')
  expect(known?.fields['kube-proxy'].get('nftables')).toBe('object')
})

test("of a version that nobody has recorded only what is knest's is refused", () => {
  const settings = { featureGates: { New: true }, kubelet: { new: 1 }, ...argument('apiServer', 'new') }
  expect(said(settings, '1.34.4')).toEqual([])
  expect(said(argument('apiServer', 'etcd-servers'), '1.34.4')).toHaveLength(1)
  expect(said({ kubelet: { clusterDNS: [] } }, '1.34.4')).toHaveLength(1)
})

test('a version that is not known is told of elsewhere', () => {
  expect(said({ featureGates: { Nope: true } }, '1.12.0')).toEqual([])
})
