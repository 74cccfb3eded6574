import { makeCondition } from '../contracts/condition.js'
import type { ClusterCondition, ClusterPhase } from '../contracts/cluster.js'
import { phaseTable } from './table.js'

/** Reason of a Ready that is False because what the object asks for has changed. */
export const changingReason = 'Changing'

/**
 * The conditions as tools read them that know Kubernetes' conventions and nothing of phases (kubectl wait, kstatus,
 * GitOps tools): while the cluster is being changed it is not Ready and Reconciling, and Stalled as long as it waits
 * for a person. The last two are there only when they are True. Pure.
 */
export function withProgress(
  phase: ClusterPhase,
  conditions: readonly ClusterCondition[],
): readonly ClusterCondition[] {
  const seen = conditions.filter(({ type }) => type !== 'Reconciling' && type !== 'Stalled')
  const ready = seen.find(({ type }) => type === 'Ready')
  const stalling = seen.find(isStalling)
  const others = seen.filter((each) => each !== ready)
  const withReady = (reason: string, message: string): readonly ClusterCondition[] =>
    ready?.status === 'False'
      ? [...others, ready]
      : [...others, makeCondition('Ready', 'False', reason, message)]

  if (phase === 'Paused' || phase === 'Kept')
    return [
      ...others,
      makeCondition('Ready', 'False', phase, 'only disks, authorities and addresses are there'),
    ]
  if (phase === 'Failed') {
    const message = `the cluster ${phaseTable[phase].unfinished?.message ?? ''}`
    return [...withReady(phase, message), makeCondition('Stalled', 'True', phase, message)]
  }
  const isChanging = phaseTable[phase].isChanging || ready?.reason === changingReason
  if (stalling !== undefined) {
    const { reason, message } = stalling
    return [
      ...(isChanging ? withReady(reason, message) : seen),
      makeCondition('Stalled', 'True', reason, message),
    ]
  }
  if (!isChanging) return seen
  const [reason, message] = phaseTable[phase].isChanging
    ? [phase, `the cluster ${phaseTable[phase].unfinished?.message ?? 'is being changed'}`]
    : [changingReason, ready?.message ?? '']
  return [...withReady(reason, message), makeCondition('Reconciling', 'True', reason, message)]
}

/** It waits for somebody to change its spec, to give a right, or to restore what is lost. */
function isStalling({ type, status, reason }: ClusterCondition): boolean {
  if (status !== 'False') return false
  if (type === 'Accepted') return reason === 'Refused' || reason === 'NotPermitted'
  return type === 'Healthy' && reason === 'AuthoritiesGone'
}
