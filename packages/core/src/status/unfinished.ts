import type { ClusterPhase, ClusterRecord } from '../contracts/cluster.js'
import type { Problem } from '../errors.js'
import type { Reason } from '../reasons.js'
import { phaseTable } from '../phases/index.js'

const unfinishedReasons: Partial<Record<ClusterPhase, Reason>> = {
  Paused: 'ClusterPaused',
  Kept: 'ClusterKept',
}

/** Something works on the cluster, or has stopped doing so half-way; undefined when it is settled. */
export function unfinishedProblem(record: ClusterRecord): Problem | undefined {
  const { unfinished } = phaseTable[record.phase]
  if (unfinished === undefined) return undefined
  return {
    reason: unfinishedReasons[record.phase] ?? 'NotCompleted',
    message: `cluster "${record.name}" ${unfinished.message}`,
    hint: unfinished.next(record),
    severity: 'warning',
  }
}
