import type { ClusterCondition } from './cluster.js'

export function makeCondition(
  type: string,
  status: ClusterCondition['status'],
  reason: string,
  message: string,
): ClusterCondition {
  return { type, status, reason, message, lastTransitionTime: new Date().toISOString() }
}

/** The conditions with this one in the place of the one of its type, whose time it keeps if it has its status. */
export function withCondition(
  conditions: readonly ClusterCondition[],
  changed: ClusterCondition,
): readonly ClusterCondition[] {
  return [...conditions.filter(({ type }) => type !== changed.type), sinceBefore(conditions, changed)]
}

/** A condition that has the status of one before has had it since then. */
export function sinceBefore(
  before: readonly ClusterCondition[],
  condition: ClusterCondition,
): ClusterCondition {
  const old = before.find(({ type, status }) => type === condition.type && status === condition.status)
  return old === undefined ? condition : { ...condition, lastTransitionTime: old.lastTransitionTime }
}
