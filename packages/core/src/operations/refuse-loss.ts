import type { ClusterPhase, ClusterRecord } from '../contracts/cluster.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { diskGoingHint } from '../status/host-problems.js'

/** Its nodes are on their way already. */
const leaving: ReadonlySet<ClusterPhase> = new Set(['Paused', 'Deleting', 'Kept'])

/**
 * Throws when nodes are to go and their disks to stay, and a majority of the control planes have disks that somebody
 * has deleted: they go when their nodes do.
 */
export async function refuseLoss(parts: Parts, record: ClusterRecord, signal: AbortSignal): Promise<void> {
  if (leaving.has(record.phase)) return
  const nodes = await listNodes(record, await backendsOf(parts, record), signal)
  const controlPlanes = nodes.filter(({ role }) => role === 'control-plane')
  const going = controlPlanes.filter(({ diskGoing }) => diskGoing === true).map(({ name }) => `"${name}"`)
  if (going.length * 2 < controlPlanes.length || going.length === 0) return
  throw new KnestError(
    'prerequisite',
    `cluster "${record.name}" would lose its data: the disk of ${going.join(', ')} was deleted, and stays only while its node runs`,
    { hint: diskGoingHint(record) },
  )
}
