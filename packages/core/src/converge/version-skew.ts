import type { ClusterRecord } from '../contracts/cluster.js'
import { PreflightError } from '../errors.js'
import type { ObservedCluster } from '../plan/observed.js'
import { upgradeFault } from '../spec/upgrade-rule.js'

/** Throws PreflightError (`config`) when a node's version is too far away from that of the record. */
export function refuseLeaps({ spec }: Pick<ClusterRecord, 'spec'>, { nodes }: ObservedCluster): void {
  const problems = nodes.flatMap(({ name, version, disk, upgrading }) => {
    if (version === undefined || disk !== 'bootstrapped') return []
    // Its programs may be those of an image that was a mistake: it is not set up by them, and gets another.
    if (upgrading === true) return []
    const fault = upgradeFault(version, spec.kubernetesVersion)
    return fault === undefined ? [] : [{ ...fault, message: `node "${name}": ${fault.message}` }]
  })
  if (problems.length > 0) throw new PreflightError('config', problems)
}
