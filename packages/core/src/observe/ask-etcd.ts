import type { ClusterRecord } from '../contracts/cluster.js'
import { KnestError } from '../errors.js'
import { etcdHealth } from '../etcd/index.js'
import type { EtcdMemberHealth } from '../etcd/index.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { byNodeName } from '../names.js'
import { firstAnswer } from './first-answer.js'

/**
 * What the first control plane says that knows the members. One whose API server answers is a member for
 * sure, so others are asked only when there is none.
 */
export async function askEtcd(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<readonly EtcdMemberHealth[]> {
  const running = nodes.filter(({ role, phase }) => role === 'control-plane' && phase === 'running')
  const answering = running.filter(({ ready }) => ready)
  const asked = answering.length > 0 ? answering : running
  if (asked.length === 0) throw new KnestError('prerequisite', 'no control plane runs')
  const members = await firstAnswer(asked, (node, both) => membersBy(record, node, both), signal)
  return [...members].sort(byNodeName)
}

async function membersBy(
  record: ClusterRecord,
  { backend, name }: BackendNode,
  signal: AbortSignal,
): Promise<readonly EtcdMemberHealth[]> {
  const { members, problem } = await etcdHealth([await backend.openNode(record, name, signal)], signal)
  if (problem !== undefined) throw new KnestError('prerequisite', problem)
  return members
}
