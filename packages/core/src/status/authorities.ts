import { clusterCommand } from '../commands.js'
import { knownAuthorities, type AuthoritySources } from '../certificates/lost-authorities.js'
import { KnestError, type Problem } from '../errors.js'

/** What is wrong with the authorities of a cluster that was set up; undefined when nothing is, or nobody can tell. */
export async function authorityProblem(
  sources: AuthoritySources,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  if (sources.record.phase === 'Deleting') return undefined
  try {
    await knownAuthorities(sources, signal)
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof KnestError) || error.code !== 'prerequisite') throw error
    const { message, hint = `see: ${clusterCommand('status', sources.record)}` } = error
    return { reason: 'AuthoritiesLost', severity: 'error', message, hint }
  }
}
