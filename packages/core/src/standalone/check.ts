import type { ClusterSpec } from '../contracts/cluster.js'
import { PreflightError } from '../errors.js'
import type { Problem } from '../errors.js'

/** Throws `config` with all of a spec that nodes cannot do by themselves. */
export function checkStandalone(spec: ClusterSpec): void {
  const problems: Problem[] = []
  const refuse = (message: string, hint: string): void => {
    problems.push({ severity: 'error', message, hint })
  }
  const backends = new Set([spec.controlPlane, ...spec.workers].map(({ backend }) => backend))
  for (const backend of backends) {
    if (backend === 'pod') continue
    refuse(
      `nodes of backend "${backend}" cannot set themselves up, only pods can`,
      'use --backend pod, or leave --standalone out',
    )
  }
  if (spec.deletionPolicy === 'Retain') {
    refuse(
      'a deletion policy is kept by a NestedCluster, which a standalone cluster does without',
      'leave it out: volume claims of such a cluster stay when its manifests are deleted',
    )
  }
  if (spec.persistence.addresses !== undefined || spec.persistence.hostClusterCni !== undefined) {
    refuse(
      'addresses of nodes are reserved by knest, which a standalone cluster does without',
      'leave machine addresses and host CNI out: control planes keep the address of their Service anyway',
    )
  }
  if (spec.registries !== undefined) {
    refuse(
      'registries are told to nodes by knest, which a standalone cluster does without',
      'leave them out, or leave --standalone out',
    )
  }
  if ((spec.kubernetes?.files ?? []).length > 0) {
    refuse(
      'files of control planes (spec.kubernetes.files) are written by knest, which a standalone cluster does without',
      'leave them out, and the flags that name them',
    )
  }
  if (problems.length > 0) throw new PreflightError('config', problems)
}
