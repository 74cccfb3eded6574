import type { ClusterCondition } from './cluster.js'

export function makeCondition(
  type: string,
  status: ClusterCondition['status'],
  reason: string,
  message: string,
): ClusterCondition {
  return { type, status, reason, message, lastTransitionTime: new Date().toISOString() }
}

/** The conditions with this one in the place of the one of its type. */
export function withCondition(
  conditions: readonly ClusterCondition[],
  changed: ClusterCondition,
): readonly ClusterCondition[] {
  return [...conditions.filter(({ type }) => type !== changed.type), changed]
}
