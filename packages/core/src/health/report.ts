import type { ClusterCondition, ClusterRecord } from '../contracts/cluster.js'
import type { RecordedStatus } from '../contracts/cluster-home.js'
import { makeCondition, withCondition } from '../contracts/condition.js'
import { withProgress } from '../phases/index.js'
import type { NodeVerdict } from './assess.js'
import type { HealingDecision } from './decide.js'

/**
 * How the cluster is, for its record. A condition that stays as it was keeps its time. `finished`: what the record's
 * phase says has begun has come to its end; until then it stays in that phase. Pure.
 */
export function healthStatus(
  record: ClusterRecord,
  verdicts: readonly NodeVerdict[],
  held: HealingDecision['held'],
  finished: boolean,
): RecordedStatus {
  const ill = verdicts.filter((verdict) => !isWell(record, verdict))
  const conditions = [ready(ill, verdicts.length), healthy(ill, held)].reduce(
    withCondition,
    record.conditions,
  )
  const count = (role: NodeVerdict['role']): { desired: number; ready: number } => {
    const all = verdicts.filter((verdict) => verdict.role === role)
    return { desired: all.length, ready: all.filter(({ health }) => health === 'healthy').length }
  }
  const settled = finished || record.phase === 'Ready' || record.phase === 'Degraded'
  const found = ill.length === 0 ? 'Ready' : 'Degraded'
  return {
    phase: settled ? found : record.phase,
    conditions,
    controlPlane: count('control-plane'),
    workers: count('worker'),
  }
}

/** Who brings the network later has a cluster that is as asked for. Pure. */
export function isWell({ spec }: Pick<ClusterRecord, 'spec'>, { health }: NodeVerdict): boolean {
  return health === 'healthy' || (health === 'no-network' && spec.network.cni === 'none')
}

/** How a cluster is whose authorities nobody has. Its operation stays unfinished. Pure. */
export function authoritiesGoneStatus(record: ClusterRecord, message: string): RecordedStatus {
  const condition = makeCondition('Healthy', 'False', 'AuthoritiesGone', message)
  return {
    phase: record.phase === 'Ready' ? 'Degraded' : record.phase,
    conditions: withCondition(record.conditions, condition),
  }
}

/** Status is written only when it says something new: every write wakes whoever watches. */
export function isNews(record: ClusterRecord, status: RecordedStatus): boolean {
  const text = ({ phase, conditions }: Pick<RecordedStatus, 'phase' | 'conditions'>): string =>
    withProgress(phase, conditions)
      .map(({ type, status: value, reason, message }) => JSON.stringify([type, value, reason, message]))
      .sort()
      .join()
  return record.phase !== status.phase || text(record) !== text(status)
}

function ready(ill: readonly NodeVerdict[], total: number): ClusterCondition {
  if (ill.length === 0) return makeCondition('Ready', 'True', 'AllNodesReady', 'all nodes are Ready')
  const names = ill.map(({ name }) => `"${name}"`).join(', ')
  return makeCondition(
    'Ready',
    'False',
    'NodesNotReady',
    `${ill.length} of ${total} nodes not Ready: ${names}`,
  )
}

function healthy(ill: readonly NodeVerdict[], held: HealingDecision['held']): ClusterCondition {
  if (held.length > 0) {
    const said = held.map(heldText)
    return makeCondition('Healthy', 'False', 'NodeNotReplaced', said.join('; '))
  }
  if (ill.length === 0)
    return makeCondition('Healthy', 'True', 'AllNodesHealthy', 'no node needs to be replaced')
  const said = ill.map(({ name, reason }) => `node "${name}": ${reason}`)
  return makeCondition('Healthy', 'False', 'NodesUnhealthy', said.join('; '))
}

export function heldText({ node, reason }: HealingDecision['held'][number]): string {
  return `node "${node}" is dead and is left alone: ${reason}`
}
