import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import type { Problem } from '../errors.js'
import { clusterCommand } from '../commands.js'
import { addonsCondition } from './observe.js'

/** Whether the cluster has been set up before: what is not there now was there, and somebody may have used it. */
export function wasSetUp({ phase, conditions }: Pick<ClusterRecord, 'phase' | 'conditions'>): boolean {
  return (
    phase !== 'Creating' &&
    conditions.some(({ type, status }) => type === addonsCondition && status === 'True')
  )
}

/** Why the pods or VMs before the present ones of these nodes ended, by node. Nothing where nobody can tell. */
export async function lastEnds(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(
    nodes.map(async ({ name, phase, reason, backend }): Promise<readonly [string, string | undefined]> => [
      name,
      phase === 'failed' ? reason : await backend.lastEnd?.(record, name, signal),
    ]),
  )
  return new Map(found.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])))
}

/** Nothing is to be planned: what would be made is another cluster of the same name. */
export class DataLost extends KnestError {
  override readonly name = 'DataLost'

  constructor({ message, hint }: Problem) {
    super('prerequisite', message, { hint })
  }
}

/** No control plane has its data any more, and whatever begins on their disks is another cluster. */
export function lostData(record: ClusterRecord, ends: ReadonlyMap<string, string>): Problem {
  const {
    name,
    spec: { persistence },
  } = record
  const why = [...ends].map(([node, text]) => `node "${node}": ${text}`).join('; ')
  const restore = persistence.enabled ? 'bring the volumes of its control planes back, or ' : ''
  return {
    reason: 'DataLost',
    severity: 'error',
    message: `cluster "${name}" has lost its data: no control plane has a disk with it${why === '' ? '' : ` (${why})`}`,
    hint: `no new cluster is begun in its place unasked: ${restore}remove it with ${clusterCommand('delete', record)}, and create it again`,
  }
}
