import { anySignal } from '../abort.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { EtcdMemberStatus } from '../contracts/clusters.js'
import { KnestError } from '../errors.js'
import { etcdHealth } from '../etcd/index.js'
import type { BackendNode } from '../observe.js'

/**
 * Asks all control planes at once and takes the first that knows the members: one that hangs costs nothing.
 * A control plane whose API server answers is a member for sure, so others are asked only when there is none.
 */
export async function askEtcd(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<readonly EtcdMemberStatus[]> {
  const running = nodes.filter(({ role, phase }) => role === 'control-plane' && phase === 'running')
  const answering = running.filter(({ ready }) => ready)
  const asked = answering.length > 0 ? answering : running
  if (asked.length === 0) throw new KnestError('prerequisite', 'no control plane runs')
  const found = new AbortController()
  const both = anySignal(signal, found.signal)
  try {
    return await Promise.any(asked.map((node) => membersBy(record, node, both)))
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error
  } finally {
    found.abort()
  }
}

async function membersBy(
  record: ClusterRecord,
  { backend, name }: BackendNode,
  signal: AbortSignal,
): Promise<readonly EtcdMemberStatus[]> {
  const { members, problem } = await etcdHealth([await backend.openNode(record, name, signal)], signal)
  if (problem !== undefined) throw new KnestError('prerequisite', problem)
  return members
}
