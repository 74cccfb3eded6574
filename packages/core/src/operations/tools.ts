import { knestCommand } from '../commands.js'
import type { ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import type { Exclusive } from './exclusive.js'

/** What every operation is made of. */
export interface OperationTools {
  readonly parts: Parts
  readonly exclusive: Exclusive
}

/** For `exclusive`: see readRecord. */
export function recordOf(
  parts: Pick<Parts, 'home'>,
  ref: ClusterRef,
): (signal: AbortSignal) => Promise<ClusterRecord> {
  return (signal) => readRecord(parts, ref, signal)
}

/** Throws `not-found`. */
export async function readRecord(
  { home }: Pick<Parts, 'home'>,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<ClusterRecord> {
  const record = await home.read(ref, signal)
  if (record === undefined) throw notFound(ref.name)
  return record
}

export function notFound(name: string, namespace?: string): KnestError {
  const where = namespace === undefined ? '' : ` in namespace "${namespace}"`
  return new KnestError('not-found', `there is no cluster "${name}"${where}`, {
    hint: `see: ${knestCommand('list')}`,
  })
}
