import type { ClusterRef } from './contracts/cluster.js'

export { defaultNamespace } from './defaults.js'

export function nodeName(cluster: string, pool: string, index: number): string {
  return `${cluster}-${pool}-${index}`
}

/** The control plane's pool name in node names: `quickstart-cp-0`. */
export const controlPlanePool = 'cp'

/** The index at the end of a node's name; -1 when there is none. */
export function nodeIndex(name: string): number {
  const match = /-(\d+)$/.exec(name)
  return match?.[1] === undefined ? -1 : Number(match[1])
}

/** Orders nodes as people count them: the tenth after the ninth. */
export function byNodeName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name.localeCompare(other.name, 'en', { numeric: true })
}

export function contextName(cluster: string): string {
  return `knest-${cluster}`
}

/** User names must differ between clusters: some clients cache credentials by user name. */
export function adminUserName(cluster: string): string {
  return `knest-${cluster}-admin`
}

export function kubeconfigFileName(ref: ClusterRef): string {
  return `knest.${ref.namespace}.${ref.name}.kubeconfig`
}

export const objectNames = {
  apiService: (cluster: string): string => `${cluster}-api`,
  nodesService: (cluster: string): string => `${cluster}-nodes`,
  pkiSecret: (cluster: string): string => `${cluster}-pki`,
  /** Key pairs of knest and of each VM node. */
  sshSecret: (cluster: string): string => `${cluster}-ssh`,
  kubeconfigSecret: (cluster: string): string => `${cluster}-kubeconfig`,
  lease: (cluster: string): string => `${cluster}-lock`,
  /** RoleBinding of the controller. */
  controllerBinding: (cluster: string): string => `${cluster}-controller`,
} as const

/**
 * Cluster names end up in Service, StatefulSet and node names: a DNS-1035 label short enough that
 * every derived name stays within 63 characters (`NAME-POOL-NNN-0` with a pool of up to 20).
 */
export const maxClusterNameLength = 32
export const maxPoolNameLength = 20

/** Most control-plane nodes a cluster can have; etcd advises seven at most, nine is our hard stop. */
export const maxControlPlanes = 9
