/** The Kubernetes the node image is built with; see `images/node`. */
export const defaultKubernetesVersion = '1.35.4'
/** Minor versions whose kubeadm configuration and flags knest knows. */
export const supportedMinors: readonly number[] = [34, 35, 36, 37]

export function defaultImage(kubernetesVersion: string): string {
  return `localhost/knest/node:v${kubernetesVersion}`
}

export function defaultVmImage(kubernetesVersion: string): string {
  return `localhost/knest/vm:v${kubernetesVersion}`
}

export const defaultPodCidr = '10.200.0.0/16'
export const defaultServiceCidr = '10.201.0.0/16'
export const defaultDnsDomain = 'cluster.local'
export const defaultCni = 'flannel'
/** Not 4789, 8472 or 6081: a Calico or Cilium host drops those from its pods. */
export const defaultVxlanPort = 14789
/** Decide from the host's pod MTU. */
export const automaticMtu = 0
/** Chosen by reachability, see HomeFacts. */
export const defaultServiceType = 'auto'

export const defaultControlPlaneCount = 1
export const defaultPoolName = 'worker'
export const defaultWorkerCount = 1
export const defaultMachine = { cpuCores: 2, memorySize: '4Gi', rootfsSize: '4Gi' } as const

/** etcd gets slower, not safer, with more members than a few. */
export const maxControlPlaneCount = 9
/** Far above what one host is known to carry; a larger number is a typing error. */
export const maxWorkerCount = 200
/** kube-controller-manager hands every node a range of this length. */
export const nodePodPrefix = 24
/** What every host of IPv4 must take in one piece (RFC 791). */
export const minMtu = 576
/** Below it there is no IPv6, and programs that count on it misbehave. */
export const usualMinMtu = 1280
export const maxMtu = 65_000

const mebibyte = 2 ** 20
export const gibibyte: number = 1024 * mebibyte
/** Measured: a control plane holds 440 MiB without any cache, a worker 100 MiB. */
export const minControlPlaneMemory: number = 768 * mebibyte
export const minWorkerMemory: number = 512 * mebibyte
/**
 * A VM has a kernel and an operating system of its own, and kubeadm asks for 1700 MB of what is left to a
 * control plane (its preflight check Mem). Measured: a worker joined with 1.6 GiB and used half of it.
 */
export const minVmControlPlaneMemory: number = 1920 * mebibyte
export const minVmWorkerMemory: number = 1024 * mebibyte
export const maxMemory: number = 16 * 1024 * gibibyte
export const minRootfs: number = 1024 * mebibyte
export const maxRootfs: number = 256 * 1024 * gibibyte
export const minCpuCores = 0.1
export const maxCpuCores = 512

/** Less is over before the cluster is there. */
export const minTtlMs = 60_000

/** As Cluster API's MachineHealthChecks are usually set. */
export const defaultUnhealthyAfterMs = 300_000
export const defaultMaxUnhealthyPercent = 40
/** A kubelet is not Ready for so long after every restart of its node. */
export const minUnhealthyAfterMs = 30_000

/** Host namespace of a cluster when none is asked for. */
export function defaultNamespace(cluster: string): string {
  return `knest-${cluster}`
}
