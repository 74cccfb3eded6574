import { KnestError, openDeadline, seconds, type RunOptions } from 'knest'
import { parseDuration } from './duration.js'

/** Of a whole command: what it asks before it works on something counts, too. */
export type TimeLimit = Pick<RunOptions, 'timeoutMs' | 'isDefaultTimeout'> & {
  /** When it is over, as of `Date.now()`; what nobody asked for is as long as the work itself takes it to be. */
  readonly endsAt?: number
}

/** By `--timeout`, else 15 minutes, and more where machines are emulated. */
export function timeLimit(flag: string | undefined): TimeLimit {
  if (flag === undefined) return { timeoutMs: 15 * 60_000, isDefaultTimeout: true }
  const timeoutMs = parseDuration(flag, '--timeout')
  return { timeoutMs, isDefaultTimeout: false, endsAt: Date.now() + timeoutMs }
}

/** Ends `work` when the command's time is over, and tells what it saw last. */
export async function withinLimit<T>(
  { timeoutMs, endsAt }: Partial<TimeLimit>,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (endsAt === undefined || timeoutMs === undefined) return work(signal)
  const over = tookLonger(timeoutMs)
  const deadline = openDeadline(signal, Math.max(0, endsAt - Date.now()), () => over)
  try {
    return await work(deadline.signal)
  } catch (error) {
    if (deadline.signal.reason !== over || error === over || !(error instanceof KnestError)) throw error
    if (error.message.includes(' took longer than ')) throw error
    throw tookLonger(timeoutMs, error)
  } finally {
    deadline.clear()
  }
}

function tookLonger(timeoutMs: number, seen?: KnestError): KnestError {
  const last = seen === undefined ? '' : `; last seen: ${seen.message}`
  return new KnestError('timeout', `the command took longer than ${seconds(timeoutMs)}${last}`, {
    hint: 'run the same command again, with a longer --timeout if host or machine are slow',
    cause: seen,
  })
}
