import { makeCondition, withCondition } from '../contracts/condition.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { stepContext } from '../converge/step-context.js'
import { KnestError, PreflightError, type Problem } from '../errors.js'
import { releaseAddresses } from '../steps/node-addresses.js'

/** Until a namespace that is being deleted has no pods of the cluster. */
const emptiesMs = 2_000

/**
 * Undefined when this user may do its duty to the cluster. Where it may not, a deleted cluster that the host itself
 * removes is let go as soon as that is done, and nothing else is left to do: gives when to look again. Any other
 * cluster's condition says why, and PreflightError (`not-permitted`) is thrown.
 */
export async function withoutRights(
  parts: Parts,
  record: ClusterRecord,
  { signal }: RunOptions,
): Promise<{ readonly nextAt: number | undefined } | undefined> {
  const rights = parts.home.controllerRights
  const barred = await rights?.barred(record, signal)
  if (rights === undefined || barred === undefined) return undefined
  const end = record.deletedAt === undefined ? 'never' : await rights.goesByItself(record, signal)
  if (end === 'later') return { nextAt: Date.now() + emptiesMs }
  if (end === 'now') {
    // Addresses are kept beside the namespaces.
    await releaseAddresses(stepContext(parts, record, []), undefined, signal)
    await rights.letGo(record, signal)
    return { nextAt: undefined }
  }
  await sayBarred(parts, record, barred, signal)
  throw new PreflightError('not-permitted', [barred])
}

/** Without the lock, which is in the namespace: whoever works on the cluster meanwhile has the last word. */
async function sayBarred(
  { home }: Parts,
  record: ClusterRecord,
  { message, hint }: Problem,
  signal: AbortSignal,
): Promise<void> {
  const { phase, conditions, version } = record
  const said = makeCondition('Accepted', 'False', 'NotPermitted', `${message}; ${hint}`)
  const before = conditions.find(({ type }) => type === said.type)
  if (before?.reason === said.reason && before.message === said.message) return
  try {
    await home.setStatus(record, { phase, conditions: withCondition(conditions, said) }, signal, version)
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'conflict') throw error
  }
}
