import type { Configured, Program } from './known-settings.js'

/** What knest or kubeadm sets, each with what to do instead. */
type Owned = Readonly<Record<string, string>>

const leave = 'leave it out'
const certificates = 'leave it out: certificates and keys are those of the cluster, see docs/certificates.md'
const ranges = 'set it by --pod-network-cidr and --service-cidr (spec.network)'
const gates = 'set it by --feature-gates (spec.kubernetes.featureGates)'

function all(names: string, hint: string): Owned {
  return Object.fromEntries(names.split(' ').map((name) => [name, hint]))
}

const kubeconfigs = all('kubeconfig authentication-kubeconfig authorization-kubeconfig', certificates)
const requestHeader = all('requestheader-client-ca-file client-ca-file', certificates)
const informational = all('help version', leave)

export const ownedFlags: Readonly<Record<Program, Owned>> = {
  'kube-apiserver': {
    ...informational,
    ...requestHeader,
    ...all('advertise-address bind-address secure-port allow-privileged etcd-servers etcd-prefix', leave),
    ...all(
      'etcd-cafile etcd-certfile etcd-keyfile tls-cert-file tls-private-key-file cert-dir',
      certificates,
    ),
    ...all('kubelet-client-certificate kubelet-client-key', certificates),
    ...all('proxy-client-cert-file proxy-client-key-file', certificates),
    ...all('service-account-key-file service-account-signing-key-file', certificates),
    'service-cluster-ip-range': ranges,
    'feature-gates': gates,
    'runtime-config': 'set it by --runtime-config (spec.kubernetes.runtimeConfig)',
  },
  'kube-controller-manager': {
    ...informational,
    ...kubeconfigs,
    ...requestHeader,
    ...all('cluster-signing-cert-file cluster-signing-key-file root-ca-file', certificates),
    'service-account-private-key-file': certificates,
    ...all(
      'allocate-node-cidrs node-cidr-mask-size node-cidr-mask-size-ipv4 node-cidr-mask-size-ipv6',
      leave,
    ),
    ...all('cluster-cidr service-cluster-ip-range', ranges),
    'feature-gates': gates,
  },
  'kube-scheduler': {
    ...informational,
    ...kubeconfigs,
    'client-ca-file': certificates,
    'feature-gates': gates,
  },
  etcd: {
    ...all('name data-dir wal-dir initial-cluster initial-cluster-state initial-cluster-token', leave),
    ...all('initial-advertise-peer-urls advertise-client-urls listen-client-urls listen-peer-urls', leave),
    ...all('force-new-cluster client-cert-auth peer-client-cert-auth', leave),
    ...all(
      'cert-file key-file trusted-ca-file peer-cert-file peer-key-file peer-trusted-ca-file',
      certificates,
    ),
    ...all('auto-tls peer-auto-tls', certificates),
    'unsafe-no-fsync': 'choose by --persistent (spec.persistence.enabled)',
  },
}

const everyStart = 'leave it out: each node finds it out at its start'

/** Fields by their path; whatever is below them, too. */
export const ownedFields: Readonly<Record<Configured, Owned>> = {
  kubelet: {
    ...all('clusterDNS containerRuntimeEndpoint imageServiceEndpoint staticPodPath staticPodURL', leave),
    ...all('port registerNode', leave),
    ...all('authentication.x509 tlsCertFile tlsPrivateKeyFile', certificates),
    ...all('cgroupDriver resolvConf systemReserved oomScoreAdj failCgroupV1 failSwapOn', everyStart),
    clusterDomain: 'set it by spec.network.dnsDomain',
    registerWithTaints: 'set taints of a worker pool (spec.workers[].taints)',
  },
  'kube-proxy': {
    ...all('bindAddress hostnameOverride', leave),
    'clientConnection.kubeconfig': certificates,
    clusterCIDR: 'set it by --pod-network-cidr (spec.network.podNetworkCidr)',
    'conntrack.maxPerCore': "leave it out: nf_conntrack_max is the host's, and a pod may not write it",
  },
}
