import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { HealAction } from '../contracts/health.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { RunOptions } from '../contracts/run-options.js'
import { KnestError } from '../errors.js'
import { endAlarms, makeRoom, mebibytes } from '../etcd/index.js'
import type { EtcdMemberHealth } from '../etcd/index.js'
import { askEtcd } from '../observe/ask-etcd.js'
import { anySignal } from '../signals.js'

const askMs = 10_000
/** Less would be full again in a moment. */
const fullShare = 0.9

/**
 * Has an etcd that was full take data again, when there is room in it: old revisions and the space of what was deleted
 * are given back first. Throws `prerequisite` when it is as full as before. An etcd that cannot be asked is left alone.
 */
export async function relieveEtcd(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  { progress, signal }: RunOptions,
): Promise<readonly HealAction[]> {
  const members = await membersOf(record, nodes, signal)
  const full = members.find(({ alarms, healthy }) => healthy && alarms?.includes('NOSPACE') === true)
  const answering = members.find(({ healthy, learner }) => healthy && !learner)
  const node = nodes.find(({ name }) => name === answering?.name)
  if (full === undefined || node === undefined) return []
  const handle = await node.backend.openNode(record, node.name, signal)
  const before = Math.max(...members.map(({ dbSizeBytes = 0 }) => dbSizeBytes))
  let after = before
  await progress.phase('Make room in etcd', async () => {
    const { bytes, quotaBytes } = await makeRoom(handle, signal)
    if (quotaBytes !== undefined && bytes > quotaBytes * fullShare)
      throw new KnestError(
        'prerequisite',
        `etcd of cluster "${record.name}" is full, also without its old revisions: ${mebibytes(bytes)} of ${mebibytes(quotaBytes)}`,
        {
          hint: `it still takes deletions: delete what fills it, then run ${clusterCommand('heal', record)} again`,
        },
      )
    await endAlarms(handle, signal)
    after = bytes
  })
  const message = `etcd was full and takes data again: ${mebibytes(before)} are ${mebibytes(after)} now`
  return [{ type: 'Warning', reason: 'EtcdRelieved', message }]
}

async function membersOf(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<readonly EtcdMemberHealth[]> {
  const bounded = anySignal(signal, AbortSignal.timeout(askMs))
  try {
    return await askEtcd(record, nodes, bounded)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError || bounded.aborted) return []
    throw error
  }
}
