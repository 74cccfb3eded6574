import type { ClusterSummary } from 'knest'
import { age } from './age.js'
import { renderTable, type TableStyle } from '../render/table.js'

/** A cluster as `-o json` shows it. The fields are a promise to scripts. */
export function clusterView(cluster: ClusterSummary, now: Date): Record<string, unknown> {
  const { name, namespace, backend, kubernetesVersion, phase, podNetworkCidr, serviceCidr } = cluster
  return {
    name,
    namespace,
    backend,
    kubernetesVersion,
    phase,
    controlPlane: { desired: cluster.controlPlane.desired, ready: cluster.controlPlane.ready },
    workers: { desired: cluster.workers.desired, ready: cluster.workers.ready },
    podNetworkCidr,
    serviceCidr,
    age: age(cluster.createdAt, now),
    expiresAt: cluster.expiresAt ?? null,
    deleteWith: cluster.deleteWith ?? null,
    labels: cluster.labels ?? {},
  }
}

export interface ClusterTableStyle extends TableStyle {
  readonly wide?: boolean
  readonly labels?: boolean | undefined
}

/** With the time that is left where a cluster has an end. */
export function clusterTable(
  clusters: readonly ClusterSummary[],
  now: Date,
  { wide = false, headers: hasHeaders, labels: hasLabels = false }: ClusterTableStyle = {},
): string {
  const ends = clusters.some(({ expiresAt }) => expiresAt !== undefined)
  const headers = [
    ...['NAME', 'NAMESPACE', 'BACKEND', 'VERSION', 'PHASE', 'CONTROL-PLANE', 'WORKERS', 'AGE'],
    ...(ends ? ['ENDS-IN'] : []),
    ...(wide ? ['POD-CIDR', 'SERVICE-CIDR'] : []),
    ...(hasLabels ? ['LABELS'] : []),
  ]
  return renderTable(
    headers,
    clusters.map((cluster) => [
      cluster.name,
      cluster.namespace,
      cluster.backend,
      cluster.kubernetesVersion,
      cluster.phase,
      `${cluster.controlPlane.ready}/${cluster.controlPlane.desired}`,
      `${cluster.workers.ready}/${cluster.workers.desired}`,
      age(cluster.createdAt, now),
      ...(ends ? [timeLeft(cluster.expiresAt, now)] : []),
      ...(wide ? [cluster.podNetworkCidr.join(','), cluster.serviceCidr.join(',')] : []),
      ...(hasLabels ? [labelText(cluster.labels ?? {})] : []),
    ]),
    { headers: hasHeaders },
  )
}

/** As kubectl shows them. */
function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

function timeLeft(expiresAt: string | undefined, now: Date): string {
  if (expiresAt === undefined) return 'never'
  return Date.parse(expiresAt) <= now.getTime() ? 'over' : age(now.toISOString(), new Date(expiresAt))
}
