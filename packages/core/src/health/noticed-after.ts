import type { ClusterSpec } from '../contracts/cluster.js'
import { durationMs } from '../values/index.js'

/**
 * How long a kubelet is silent before that shows: node-monitor-grace-period of kube-controller-manager, whose default
 * was 40 s until Kubernetes 1.31 and is 50 s since.
 */
export const usualNoticedAfterMs = 40_000

/** The same for a cluster that has this setting of its own. Pure. */
export function noticedAfterMs({ kubernetes }: Pick<ClusterSpec, 'kubernetes'>): number {
  // As a flag that is given several times, the last one counts.
  const own = kubernetes?.controllerManager?.extraArgs?.findLast(
    ({ name }) => name === 'node-monitor-grace-period',
  )
  return (own === undefined ? undefined : durationMs(own.value)) ?? usualNoticedAfterMs
}
