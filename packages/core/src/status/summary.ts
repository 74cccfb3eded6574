import type { ClusterRecord } from '../contracts/cluster.js'
import type { ClusterSummary } from '../contracts/clusters.js'
import { backendsOf } from '../observe/backends.js'
import type { Parts } from '../contracts/parts.js'
import { endOf, ownerOf } from '../spec/index.js'
import { listNodes, type ListNodes } from '../observe/list-nodes.js'

/** What the host alone can tell: quick, also for many clusters. */
export async function summarize(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
  list: ListNodes = listNodes,
): Promise<ClusterSummary> {
  return summary(record, await list(record, await backendsOf(parts, record), signal))
}

export function summary(
  record: ClusterRecord,
  nodes: readonly { readonly role: string; readonly ready: boolean }[],
): ClusterSummary {
  const { spec } = record
  const end = endOf(record)
  const owner = ownerOf(record)
  const ready = (role: string): number => nodes.filter((node) => node.role === role && node.ready).length
  const backends = [...new Set([spec.controlPlane.backend, ...spec.workers.map(({ backend }) => backend)])]
  return {
    name: record.name,
    namespace: record.namespace,
    backend: backends.join('+'),
    kubernetesVersion: spec.kubernetesVersion,
    phase: record.phase,
    controlPlane: { desired: spec.controlPlane.count, ready: ready('control-plane') },
    workers: { desired: workersOf(record), ready: ready('worker') },
    podNetworkCidr: spec.network.podNetworkCidr,
    serviceCidr: spec.network.serviceCidr,
    ...(record.labels !== undefined && { labels: record.labels }),
    createdAt: record.createdAt,
    ...(end !== undefined && { expiresAt: new Date(end).toISOString() }),
    ...(owner !== undefined && { deleteWith: owner }),
  }
}

function workersOf({ spec }: ClusterRecord): number {
  return spec.workers.reduce((sum, { count }) => sum + count, 0)
}
