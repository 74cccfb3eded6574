import { yamlText } from '../yaml-text.js'
import type { ClusterAddresses } from '../contracts/cluster-home.js'
import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { NameAndValue } from '../contracts/kubernetes-settings.js'
import { clusterSelector } from '../labels.js'
import type { KeptConfiguration, Settings } from './kept-configuration.js'
import { settingsIn } from './kept-configuration.js'
import { keptKubeletConfiguration } from './kubelet-config.js'
import type { KubeletFlag } from './kubelet-flags.js'
import { withKeptFlags } from './kubelet-flags.js'
import { componentPart, gateFlags, laidOver, runtimeFlags } from './settings.js'

export const criSocket = 'unix:///run/containerd/containerd.sock'

export interface KubeadmInput {
  readonly ref: ClusterRef
  readonly spec: ClusterSpec
  readonly node: string
  readonly addresses: ClusterAddresses
  readonly cgroupDriver: 'cgroupfs' | 'systemd'
  /** Control planes whose etcd members begin the cluster together; absent: only this one's. */
  readonly initialMembers?: readonly string[]
  readonly timeoutFactor: number
  /** Directory on the node with changes to the static pods; none when absent. */
  readonly patches?: string
  /** How long certificates last that kubeadm signs, as in `8760h`; a year when absent. */
  readonly certificateValidity?: string
  /** What the cluster keeps goes before what knest would say. */
  readonly kept?: KeptConfiguration
  /** Flags that this node's kubelet had before. */
  readonly kubeletFlags?: readonly KubeletFlag[]
  /** For etcd to start once more on its data and on nothing else, and kubelet to run that alone. */
  readonly memberOnly?: boolean
}

/** What kubeadm v1beta4 is told: InitConfiguration, ClusterConfiguration, kubelet and kube-proxy. */
export function initConfiguration(input: KubeadmInput): string {
  const { spec } = input
  const documents = [
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'InitConfiguration',
      // kubeadm makes one in any case, and else one by which others join for a day. Nobody here joins by one.
      bootstrapTokens: [{ ttl: '1s' }],
      localAPIEndpoint: { advertiseAddress: identityOf(input), bindPort: 6443 },
      nodeRegistration: nodeRegistration(input, controlPlaneTaints(spec)),
      ...patchesFrom(input.patches),
      ...timeouts(input.timeoutFactor),
    },
    keptCluster(input) ?? clusterConfiguration(input),
    keptKubeletConfiguration(input.kept, spec, input.cgroupDriver),
    settingsIn(input.kept?.proxy) ?? kubeProxyConfiguration(spec),
  ]
  return documents.map((document) => yamlText(document)).join('---\n')
}

/** As `kubeadm upgrade`: all stays as it is in the cluster but the version. */
function keptCluster({ kept, spec }: KubeadmInput): Settings | undefined {
  const cluster = settingsIn(kept?.cluster)
  return cluster === undefined ? undefined : { ...cluster, kubernetesVersion: `v${spec.kubernetesVersion}` }
}

function identityOf({ node, addresses }: Pick<KubeadmInput, 'node' | 'addresses'>): string {
  const identity = addresses.identities.get(node)
  if (identity === undefined) throw new Error(`no identity address for node ${node}`)
  return identity
}

function nodeRegistration(
  {
    ref,
    spec,
    node,
    kubeletFlags = [],
    memberOnly,
  }: Pick<KubeadmInput, 'ref' | 'spec' | 'node' | 'kubeletFlags' | 'memberOnly'>,
  taints: readonly unknown[],
): Record<string, unknown> {
  return {
    name: node,
    criSocket,
    taints,
    imagePullPolicy: 'IfNotPresent',
    // Pods cannot cure what SystemVerification and friends look at.
    ignorePreflightErrors: ['all'],
    kubeletExtraArgs: withKeptFlags(
      [
        { name: 'node-labels', value: labelFlag(spec.controlPlane.labels, ref.name) },
        ...(memberOnly === true ? [{ name: 'register-node', value: 'false' }] : []),
      ],
      kubeletFlags,
    ),
  }
}

function labelFlag(labels: Readonly<Record<string, string>> = {}, cluster: string): string {
  const own = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return [...own, clusterSelector(cluster)].join(',')
}

/** As kind does: a cluster without workers runs its workloads on the control plane. */
function controlPlaneTaints(spec: ClusterSpec): readonly unknown[] {
  const workers = spec.workers.reduce((sum, pool) => sum + pool.count, 0)
  return workers === 0 ? [] : [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }]
}

export function clusterConfiguration({
  ref,
  spec,
  addresses,
  initialMembers = [],
  timeoutFactor,
  certificateValidity,
  memberOnly,
}: KubeadmInput): Record<string, unknown> {
  const { network, kubernetes } = spec
  const election = leaderElection(spec, timeoutFactor)
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    clusterName: ref.name,
    kubernetesVersion: `v${spec.kubernetesVersion}`,
    controlPlaneEndpoint: addresses.controlPlaneEndpoint,
    // RSA keys cost seconds on a small machine; the CAs knest makes are ECDSA as well.
    encryptionAlgorithm: 'ECDSA-P256',
    ...(certificateValidity === undefined ? {} : { certificateValidityPeriod: certificateValidity }),
    networking: {
      podSubnet: network.podNetworkCidr.join(','),
      serviceSubnet: network.serviceCidr.join(','),
      dnsDomain: network.dnsDomain,
    },
    apiServer: {
      ...componentPart(
        [...shutdownDelay(spec), ...gateFlags(kubernetes), ...runtimeFlags(kubernetes)],
        kubernetes?.apiServer,
      ),
      certSANs: [
        ...new Set([
          ...addresses.certificateNames,
          '127.0.0.1',
          'localhost',
          ...(kubernetes?.apiServer?.certSANs ?? []),
        ]),
      ],
    },
    // With its default of 20 requests a second it spends five seconds on making its own service accounts
    // before the first controller starts.
    controllerManager: componentPart(
      [
        { name: 'kube-api-qps', value: '200' },
        { name: 'kube-api-burst', value: '400' },
        ...election,
        ...gateFlags(kubernetes),
      ],
      kubernetes?.controllerManager,
    ),
    ...filled('scheduler', componentPart([...election, ...gateFlags(kubernetes)], kubernetes?.scheduler)),
    etcd: {
      local: {
        dataDir: '/var/lib/etcd',
        ...componentPart(
          [
            ...etcdFlags(spec),
            ...initialCluster(initialMembers, addresses),
            ...(memberOnly === true ? [{ name: 'initial-cluster-state', value: 'existing' }] : []),
          ],
          kubernetes?.etcd,
        ),
        // Peers arrive from pod addresses: etcd resolves these names forward (checkCertSAN in etcd).
        serverCertSANs: addresses.peerNames,
        peerCertSANs: addresses.peerNames,
      },
    },
  }
}

function filled(name: string, part: Settings): Settings {
  return Object.keys(part).length === 0 ? {} : { [name]: part }
}

function etcdFlags({ persistence }: Pick<ClusterSpec, 'persistence'>): readonly NameAndValue[] {
  return [
    // The advertised address is the identity, but kube-proxy delivers to the pod's address.
    { name: 'listen-client-urls', value: 'https://0.0.0.0:2379' },
    { name: 'listen-peer-urls', value: 'https://0.0.0.0:2380' },
    // kubeadm's 5s are a wake-up of etcd and API server for each of some seventy watches. Reads that need it
    // ask for progress themselves; watches only have to hear of it within the five minutes of a compaction.
    { name: 'watch-progress-notify-interval', value: '30s' },
    // kubeadm's check at the start asks members that wait for the same answer: seven seconds when all start at
    // once. The other one compares them once a minute (CorruptCheck in etcd's corrupt.go).
    { name: 'feature-gates', value: 'InitialCorruptCheck=false,CompactHashCheck=true' },
    // Throw-away clusters trade the disk's guarantee for speed (etcd-io/etcd#11946).
    ...(persistence.enabled ? [] : [{ name: 'unsafe-no-fsync', value: 'true' }]),
  ]
}

/**
 * An API server that is asked to end closes its port at once, and the host sends it clients until its probe has failed
 * three times, two seconds apart: it says that it is not ready, and serves until the host has heard of it. The host asks
 * VMs only whether they run, and of an embedded host there is no other.
 */
function shutdownDelay({ controlPlane }: Pick<ClusterSpec, 'controlPlane'>): readonly NameAndValue[] {
  return controlPlane.backend === 'pod' ? [{ name: 'shutdown-delay-duration', value: '8s' }] : []
}

/**
 * A leader that is too slow loses its Lease and ends, and kubelet starts it again after ten seconds, 20, and at last five
 * minutes. An embedded host has one of each for ever, with nobody to lead; an emulated leader gets Kubernetes' own limits
 * in seconds, longer.
 */
function leaderElection(
  { controlPlane }: Pick<ClusterSpec, 'controlPlane'>,
  timeoutFactor: number,
): readonly NameAndValue[] {
  if (controlPlane.backend === 'container') return [{ name: 'leader-elect', value: 'false' }]
  if (timeoutFactor <= 1) return []
  const usual = { 'lease-duration': 15, 'renew-deadline': 10, 'retry-period': 2 }
  return Object.entries(usual).map(([name, seconds]) => ({
    name: `leader-elect-${name}`,
    value: `${Math.ceil(seconds * timeoutFactor)}s`,
  }))
}

/** Only for the first start: kubeadm gives every later member its own, from what is uploaded. */
function initialCluster(
  initialMembers: readonly string[],
  addresses: ClusterAddresses,
): readonly NameAndValue[] {
  if (initialMembers.length < 2) return []
  const members = initialMembers.map((node) => `${node}=https://${identityOf({ node, addresses })}:2380`)
  return [{ name: 'initial-cluster', value: members.join(',') }]
}

export function kubeProxyConfiguration(spec: ClusterSpec): Settings {
  const own = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clusterCIDR: spec.network.podNetworkCidr.join(','),
    // nf_conntrack_max is global and read-only in a pod; kube-proxy would exit (kubernetes-sigs/kind#2241).
    conntrack: { maxPerCore: 0 },
    oomScoreAdj: 0,
  }
  return laidOver(own, spec.kubernetes?.kubeProxy, spec.kubernetes?.featureGates)
}

export interface JoinInput {
  readonly ref: ClusterRef
  readonly spec: ClusterSpec
  readonly node: string
  readonly addresses: ClusterAddresses
  /** Where the kubeconfig lies that the node discovers the cluster by. */
  readonly discoveryPath: string
  readonly timeoutFactor: number
  /** Directory on the node with changes to the static pods; none when absent. */
  readonly patches?: string
}

/** JoinConfiguration of a further control plane. The CA keys are on the node already: nothing is downloaded. */
export function joinConfiguration(input: JoinInput): string {
  const { spec, node, addresses, discoveryPath } = input
  return yamlText({
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'JoinConfiguration',
    discovery: { file: { kubeConfigPath: discoveryPath } },
    controlPlane: {
      localAPIEndpoint: { advertiseAddress: identityOf({ node, addresses }), bindPort: 6443 },
    },
    nodeRegistration: nodeRegistration(input, controlPlaneTaints(spec)),
    ...patchesFrom(input.patches),
    ...timeouts(input.timeoutFactor),
  })
}

function patchesFrom(directory: string | undefined): Record<string, unknown> {
  return directory === undefined ? {} : { patches: { directory } }
}

/** kubeadm's own limits in minutes (v1beta4); the first is the startup probes' of the static pods too. */
const usualMinutes = {
  controlPlaneComponentHealthCheck: 4,
  discovery: 5,
  etcdAPICall: 2,
  kubeletHealthCheck: 4,
  kubernetesAPICall: 1,
  tlsBootstrap: 5,
}

/** Nothing where kubeadm's limits do as they are. */
function timeouts(timeoutFactor: number): Record<string, unknown> {
  if (timeoutFactor <= 1) return {}
  const longer = Object.entries(usualMinutes).map(([name, minutes]) => [
    name,
    `${Math.ceil(minutes * timeoutFactor)}m0s`,
  ])
  return { timeouts: Object.fromEntries(longer) as Record<string, string> }
}
