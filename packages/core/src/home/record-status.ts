import type { RecordedStatus } from '../contracts/cluster-home.js'
import type { ClusterCondition } from '../contracts/cluster.js'
import { sinceBefore } from '../contracts/condition.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { withProgress } from '../phases/index.js'
import { statusCounts } from '../spec/index.js'

/**
 * The status of a NestedCluster as it is written: with the conditions that Kubernetes' conventions have, each with the
 * generation that it speaks of and the time since when it has been so. `stored`: what is there now. Pure.
 */
export function statusToWrite(
  stored: KubeObject | undefined,
  generation: number | undefined,
  { phase, conditions, controlPlane, workers, addresses }: RecordedStatus,
): Readonly<Record<string, unknown>> {
  const { conditions: before = [] } = (stored?.status ?? {}) as { conditions?: readonly ClusterCondition[] }
  const stamped = generation === undefined ? {} : { observedGeneration: generation }
  return {
    phase,
    ...stamped,
    conditions: withProgress(phase, conditions).map((each) => ({ ...stamped, ...sinceBefore(before, each) })),
    ...(controlPlane === undefined
      ? {}
      : { controlPlane: statusCounts(controlPlane.ready, controlPlane.desired) }),
    ...(workers === undefined ? {} : { workers: statusCounts(workers.ready, workers.desired) }),
    ...(addresses === undefined ? {} : { addresses }),
  }
}
