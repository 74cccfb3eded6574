import type { ClusterSpec } from '../contracts/cluster.js'
import type { DesiredNode } from './desired-nodes.js'
import { leavingNodes } from './lasting-nodes.js'
import type { ObservedCluster } from './observed.js'

/**
 * Control planes that are to go, do not run and have a disk that lasts: while the API server is silent they may be
 * those that etcd lacks for its majority, and without one they cannot go. Pure.
 */
export function revived(
  { persistence, controlPlane: { backend, machine } }: ClusterSpec,
  observed: ObservedCluster,
  desired: readonly DesiredNode[],
): readonly DesiredNode[] {
  if (observed.members !== undefined || !persistence.enabled) return []
  return leavingNodes(observed, desired)
    .filter(({ role, phase }) => role === 'control-plane' && phase !== 'running')
    .map(({ name, role, pool }) => ({ name, role, pool, backend, machine }))
}
