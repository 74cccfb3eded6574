import type { ClusterNetwork } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { defaultKubernetesVersion, nodePodPrefix } from '../defaults.js'
import { primaryRange } from '../network/cidr.js'
import { findObject, podSpecOf, type PodSpec } from './container-parts.js'
import { vxlanOverhead } from '../network/vxlan.js'

/** Cilium publishes a Helm chart and no plain manifest. */
export const ciliumHint =
  // Without it a chart is rendered for the Kubernetes that Helm was built with, and may be refused.
  `make one with "helm template cilium cilium/cilium --namespace kube-system --kube-version ${defaultKubernetesVersion} > cilium.yaml" ` +
  'and give it as --cni cilium=cilium.yaml'

/** Where Cilium mounts a cgroup hierarchy of its own; a node has its hierarchy in the usual place. */
const ownCgroupRoot = '/run/cilium/cgroupv2'
const nodeCgroupRoot = '/sys/fs/cgroup'

/** Sets VXLAN, port, pod range and MTU in a rendered chart, and keeps it inside the node's cgroups. */
export function patchCilium(objects: readonly KubeObject[], network: ClusterNetwork): KubeObject[] {
  const patched = structuredClone(objects) as KubeObject[]
  const config = findObject(patched, 'ConfigMap', 'cilium-config')
  const daemonSet = findObject(patched, 'DaemonSet', 'cilium')
  if (config === undefined || daemonSet === undefined) {
    throw new KnestError(
      'config',
      'the Cilium manifest has no ConfigMap "cilium-config" or no DaemonSet "cilium"',
      {
        hint: ciliumHint,
      },
    )
  }
  Object.assign(config.data as Record<string, string>, {
    'routing-mode': 'tunnel',
    'tunnel-protocol': 'vxlan',
    'tunnel-port': String(network.vxlanPort),
    ipam: 'cluster-pool',
    'cluster-pool-ipv4-cidr': primaryRange(network.podNetworkCidr),
    'cluster-pool-ipv4-mask-size': String(nodePodPrefix),
    'enable-ipv4': 'true',
    'enable-ipv6': 'false',
    'cgroup-root': nodeCgroupRoot,
    // That of what its tunnel runs over: it takes its own overhead off. Absent, it is that of the node's device.
    ...(network.mtu > 0 ? { mtu: String(network.mtu + vxlanOverhead) } : {}),
  })
  useNodeCgroups(podSpecOf(daemonSet))
  return patched
}

/**
 * The setting by which this Cilium has programs in cgroups (it replaces kube-proxy, or balances in sockets), as the
 * manifest has it; undefined when it has none there. Such programs know cgroups of version 2 alone.
 */
export function ciliumInCgroups(objects: readonly KubeObject[]): string | undefined {
  const { data = {} } = (findObject(objects, 'ConfigMap', 'cilium-config') ?? {}) as {
    data?: Readonly<Record<string, string>>
  }
  const key = ['kube-proxy-replacement', 'bpf-lb-sock'].find((each) =>
    /^(true|strict)$/.test(data[each] ?? ''),
  )
  return key === undefined ? undefined : `${key}: "${data[key] ?? ''}"`
}

function useNodeCgroups(pod: PodSpec): void {
  // It would mount the host's hierarchy, where the nested cluster's pods are not.
  if (pod.initContainers !== undefined) {
    pod.initContainers = pod.initContainers.filter((container) => container.name !== 'mount-cgroup')
  }
  for (const volume of pod.volumes ?? []) {
    if (volume.hostPath?.path === ownCgroupRoot) volume.hostPath.path = nodeCgroupRoot
  }
  for (const mount of [...pod.containers, ...(pod.initContainers ?? [])].flatMap(
    (c) => c.volumeMounts ?? [],
  )) {
    if (mount.mountPath === ownCgroupRoot) mount.mountPath = nodeCgroupRoot
  }
}
