import { objectNames } from '../names.js'

/** Where a node of a standalone cluster finds what it sets itself up by. */
export const standalonePaths = {
  /** Scripts and settings, from the ConfigMap. */
  settings: '/knest/standalone',
  /** Certificates, from the node's Secret. */
  secrets: '/knest/secrets',
} as const

/** On this port a control plane says whether its disk has a cluster: only that one word. */
export const statePort = 6480

export const standaloneNames = {
  settings: (cluster: string): string => `${cluster}-standalone`,
  certificates: (cluster: string): string => `${cluster}-certificates`,
} as const

/** Stand in kubeadm's configuration for what only the node knows when it starts. */
export const placeholders = {
  node: '__NODE__',
  identity: '__IDENTITY__',
  apiAddress: '__API_ADDRESS__',
} as const

/** The variable by which kubelet tells a container the ClusterIP of a Service in its namespace. */
export function addressVariable(service: string): string {
  return `${service.toUpperCase().replaceAll('-', '_')}_SERVICE_HOST`
}

/** The API's Service in the same way, to be used in a variable of the container. */
export function apiAddressReference(cluster: string): string {
  return `$(${addressVariable(objectNames.apiService(cluster))})`
}
