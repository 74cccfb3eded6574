import type { RecordedStatus } from '../contracts/cluster-home.js'
import type { ClusterCondition, ClusterPhase, ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import { sinceBefore } from '../contracts/condition.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { clusterSelector, labels } from '../labels.js'
import { phaseTable, withProgress } from '../phases/index.js'
import { statusCounts } from '../spec/index.js'

/** What a status is written by: of a record, or of its name alone. */
export type RecordSeen = ClusterRef & Partial<Pick<ClusterRecord, 'generation' | 'spec'>>

/**
 * The status of a NestedCluster as it is written: with the conditions that Kubernetes' conventions have, each with the
 * generation that it speaks of and the time since when it has been so. `stored`: what is there now. Pure.
 */
export function statusToWrite(
  stored: KubeObject | undefined,
  record: RecordSeen,
  { phase, conditions, controlPlane, workers, addresses, images }: RecordedStatus,
): Readonly<Record<string, unknown>> {
  const { conditions: before = [] } = (stored?.status ?? {}) as { conditions?: readonly ClusterCondition[] }
  const { generation } = record
  const stamped = generation === undefined ? {} : { observedGeneration: generation }
  return {
    phase,
    ...(generation === undefined ? {} : { observedGeneration: newest(generation, conditions) }),
    conditions: withProgress(phase, conditions).map((each) => ({ ...stamped, ...sinceBefore(before, each) })),
    ...(controlPlane === undefined
      ? {}
      : { controlPlane: statusCounts(controlPlane.ready, controlPlane.desired) }),
    ...(workers === undefined ? {} : { workers: statusCounts(workers.ready, workers.desired) }),
    ...(addresses === undefined ? {} : { addresses }),
    ...(images === undefined ? {} : { images }),
    ...madeOf(phase, record),
    ...(phaseTable[phase].isChanging ? {} : scaleStatus(record)),
  }
}

/** What is refused was looked at, though the nodes are as an earlier generation asked for. */
function newest(generation: number, conditions: readonly ClusterCondition[]): number {
  return Math.max(generation, ...conditions.map(({ observedGeneration = 0 }) => observedGeneration))
}

/** What an object need not say, and kubectl prints. While nodes are upgraded, the cluster has the version of before. */
function madeOf(phase: ClusterPhase, { spec }: RecordSeen): Readonly<Record<string, unknown>> {
  if (spec === undefined) return {}
  const { kubernetesVersion, controlPlane } = spec
  return {
    ...(phase === 'Upgrading' ? {} : { kubernetesVersion }),
    backend: controlPlane.backend,
  }
}

/** What the scale subresource says of the cluster once it is as its record has it. */
function scaleStatus({ name, spec }: RecordSeen): Readonly<Record<string, unknown>> {
  const [pool] = spec?.workers ?? []
  if (pool === undefined) return {}
  return { replicas: pool.count, selector: `${clusterSelector(name)},${labels.pool}=${pool.name}` }
}
