import type { ClusterRecord } from '../contracts/cluster.js'
import type { HealReport, HealRun } from '../contracts/health.js'
import type { Parts } from '../contracts/parts.js'
import { timeoutFactorOf } from '../observe/backends.js'
import { endedWith, pause } from '../signals.js'
import type { NodeVerdict } from './assess.js'
import { look } from './look.js'
import { isWell } from './report.js'

/** What has not come this long after its machine began to run does not come by itself. */
export const startMs = 180_000
const lookMs = 1_000

/**
 * Waits for the nodes that were well, or not there, when a cluster was looked at to be healed, and are ill since: who
 * ended them did so meanwhile, and the host starts them again. True when all of them are well now; false when there
 * are none, or when they take longer than a start may.
 */
export async function areBack(
  parts: Parts,
  record: ClusterRecord,
  { phase, failure, nodes }: HealReport,
  { progress, signal }: HealRun,
): Promise<boolean> {
  if (phase !== 'Degraded' || failure !== undefined) return false
  const before = new Set(
    nodes.filter(({ health }) => health === 'healthy' || health === 'absent').map(({ name }) => name),
  )
  const isIll = (verdict: NodeVerdict): boolean => !isWell(record, verdict)
  const endedOf = (verdicts: readonly NodeVerdict[]): readonly NodeVerdict[] =>
    verdicts.filter((verdict) => isIll(verdict) && before.has(verdict.name))
  const { verdicts } = await look(parts, record, signal)
  let ended = endedOf(verdicts)
  if (ended.length === 0) return !verdicts.some(isIll)
  const limit = Date.now() + startMs * (await timeoutFactorOf(parts, record))
  const title = `Wait for what ended meanwhile: ${listed(ended)}`
  return progress.phase(title, async () => {
    try {
      while (Date.now() < limit) {
        await pause(lookMs, signal)
        ended = endedOf((await look(parts, record, signal)).verdicts)
        if (ended.length === 0) return true
      }
      return false
    } catch (error) {
      if (!signal.aborted) throw error
      throw endedWith(signal, `cluster "${record.name}" is not well again: ${listed(ended)}`, error)
    }
  })
}

function listed(ended: readonly NodeVerdict[]): string {
  return ended.map(({ name, reason }) => `node "${name}" (${reason})`).join(', ')
}
