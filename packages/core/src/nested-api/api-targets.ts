import type { ClusterRecord } from '../contracts/cluster.js'
import { objectNames } from '../names.js'

/** Where a cluster's API may answer, and what it must show there. */
export interface ApiTarget {
  readonly url: string
  /** PEM; only the cluster's own API server can show a certificate that it signed. */
  readonly ca: string
  readonly serverName: string
}

export function apiTargets(record: ClusterRecord, ca: string, urls: readonly string[]): readonly ApiTarget[] {
  return urls.map((url) => ({ url, ca, serverName: serverName(record) }))
}

/** By the name that the API has on the host, which every certificate of it holds. */
export function serverName({ name, namespace }: ClusterRecord): string {
  return `${objectNames.apiService(name)}.${namespace}.svc`
}
