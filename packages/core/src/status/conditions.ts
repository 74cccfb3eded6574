import type { ClusterCondition, ClusterRecord } from '../contracts/cluster.js'
import type { EtcdStatus, NodeSummary } from '../contracts/clusters.js'
import type { NodeStatus } from '../contracts/node-backend.js'
import { makeCondition } from '../contracts/condition.js'
import type { Problem } from '../errors.js'
import type { DiskRoom } from './node-looks.js'

export interface Observed {
  readonly record: ClusterRecord
  readonly hostNodes: readonly Pick<NodeStatus, 'name' | 'role' | 'phase' | 'trouble' | 'diskGoing'>[]
  readonly nodes: readonly NodeSummary[]
  /** Names of nodes that run and on whose disk nothing was set up. */
  readonly emptyDisks: ReadonlySet<string>
  /** Those of them on which etcd has data: a begin or a join that was cut off. */
  readonly begunDisks?: ReadonlySet<string>
  /** Why the pods or VMs before the present ones ended, by node. */
  readonly ends?: ReadonlyMap<string, string>
  /** By node: seconds that its clock is ahead of this machine's. */
  readonly clocks: ReadonlyMap<string, number>
  readonly etcd: EtcdStatus
  /** What is wrong with loaded images. */
  readonly images?: readonly Problem[]
  /** Why the cluster's authorities are not there; undefined when they are. */
  readonly authorities?: Problem | undefined
  /** Why the nested API does not answer; undefined when it does. */
  readonly apiProblem: string | undefined
  /** What parts of the control plane that do not run said last, while the API is silent. */
  readonly lastWords?: readonly string[]
  /** By node: disks that are nearly full. */
  readonly fullDisks?: ReadonlyMap<string, DiskRoom>
  /** What is wrong inside the nested cluster. */
  readonly inside?: readonly Problem[]
}

/**
 * What the record says, overruled by what is seen now. A condition that is as it was recorded keeps its
 * time; of a changed one only the time of looking is known.
 */
export function observedConditions(observed: Observed): readonly ClusterCondition[] {
  const { record } = observed
  const seen =
    record.phase === 'Kept' || record.phase === 'Paused'
      ? [noNodes(record.phase)]
      : [...ready(observed), api(observed), etcdHealthy(observed)]
  const isSeen = ({ type }: ClusterCondition): boolean => seen.some((each) => each.type === type)
  return [
    ...record.conditions.filter((each) => !isSeen(each)),
    ...seen.map(
      (each) =>
        record.conditions.find(({ type, status }) => type === each.type && status === each.status) ?? each,
    ),
  ]
}

function noNodes(phase: 'Kept' | 'Paused'): ClusterCondition {
  return makeCondition('Ready', 'False', phase, 'only disks, authorities and addresses are there')
}

/** A cluster that is being created has never been Ready: its record says nothing, and nor do we. */
function ready({ record, nodes, apiProblem }: Observed): readonly ClusterCondition[] {
  if (record.phase === 'Creating') return []
  const not = nodes.filter((node) => !node.ready)
  if (not.length === 0)
    return [makeCondition('Ready', 'True', 'AllNodesReady', 'all nodes are Ready and DNS is Available')]
  if (apiProblem !== undefined) return [makeCondition('Ready', 'Unknown', 'NoAnswer', apiProblem)]
  const names = not.map(({ name }) => `"${name}"`).join(', ')
  const message = `${not.length} of ${nodes.length} nodes not Ready: ${names}`
  return [makeCondition('Ready', 'False', 'NodesNotReady', message)]
}

function api({ apiProblem }: Observed): ClusterCondition {
  return apiProblem === undefined
    ? makeCondition('APIAvailable', 'True', 'Answers', 'the API server answers')
    : makeCondition('APIAvailable', 'False', 'NoAnswer', apiProblem)
}

function etcdHealthy({ etcd: { members, problem } }: Observed): ClusterCondition {
  if (problem !== undefined) return makeCondition('EtcdHealthy', 'Unknown', 'NoAnswer', problem)
  if (hasNoSpace(members)) return makeCondition('EtcdHealthy', 'False', 'NoSpace', 'it is full (NOSPACE)')
  const healthy = members.filter((member) => member.healthy).length
  const message = `${healthy} of ${members.length} members are healthy`
  if (healthy === members.length) return makeCondition('EtcdHealthy', 'True', 'AllMembersHealthy', message)
  return makeCondition('EtcdHealthy', 'False', hasQuorum(members) ? 'MemberUnhealthy' : 'NoQuorum', message)
}

/** Nothing can be written, and all else works. */
export function hasNoSpace(members: EtcdStatus['members']): boolean {
  return members.some(({ alarms }) => alarms?.includes('NOSPACE') === true)
}

/** Learners have no vote. */
export function hasQuorum(members: EtcdStatus['members']): boolean {
  const voting = members.filter(({ learner }) => !learner)
  return voting.filter(({ healthy }) => healthy).length > voting.length / 2
}
