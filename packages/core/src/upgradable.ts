import type { ClusterRecord, ClusterSpec } from './contracts/cluster.js'
import type { UpgradeRequest } from './contracts/clusters.js'
import { backendsOf } from './converge.js'
import type { Parts } from './converge.js'
import type { Problem } from './errors.js'
import { refuseFixedImages, upgradedSpec } from './upgrade.js'

/** The record as it shall become. Throws when the request, or what the nodes are, forbids it. */
export async function upgradable(
  parts: Parts,
  record: ClusterRecord,
  request: UpgradeRequest,
): Promise<ClusterRecord> {
  const spec = upgradedSpec(record, request)
  refuseFixedImages(record, spec, await backendsOf(parts, record))
  return { ...record, spec, phase: 'Upgrading' }
}

/** What the host says against nodes of the new image, found out before the first one is changed. */
export async function upgradeProblems(
  parts: Parts,
  record: ClusterRecord,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (spec.image === record.spec.image && record.phase !== 'Upgrading') return []
  const backends = await backendsOf(parts, { spec })
  return (await Promise.all(backends.map((backend) => backend.preflight(spec, signal)))).flat()
}
