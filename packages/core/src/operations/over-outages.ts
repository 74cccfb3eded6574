import type { RunOptions } from '../contracts/run-options.js'
import { KnestError } from '../errors.js'
import { isOutage } from '../kube/temporary.js'
import { endedWith, pause } from '../signals.js'

const firstPauseMs = 500
const longestPauseMs = 5_000
/** An API server that has just been started knows nobody's rights for a moment, and forbids everything. */
const rightlessMs = 30_000

/** What several pieces of work know of the same host, by `performance.now()`. */
export interface SeenOutages {
  lastAt: number
}

export function noOutages(): SeenOutages {
  return { lastAt: -Infinity }
}

/**
 * Runs `work` again as long as it ends because a server was away, until the run's signal ends: then with what was seen
 * last. Work is ended anywhere, and looks anew at what there is each time. A controller (`onlyIfFree`) looks again later
 * anyway, and is told at once. `limitMs`: how long it is begun again, for a signal that has no time limit.
 */
export async function overOutages<T>(
  { signal, progress, onlyIfFree }: Pick<RunOptions, 'signal' | 'progress' | 'onlyIfFree'>,
  work: () => Promise<T>,
  { limitMs = Infinity, seen = noOutages() }: { readonly limitMs?: number; readonly seen?: SeenOutages } = {},
): Promise<T> {
  const until = performance.now() + limitMs
  let last: KnestError | undefined
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await work()
    } catch (error) {
      // That the time is over is less than what was seen before.
      if (signal.aborted) throw error === signal.reason ? endedWith(signal, last?.message) : error
      if (onlyIfFree === true || performance.now() >= until) throw error
      if (isOutage(error)) seen.lastAt = performance.now()
      else if (!isRightless(error, seen)) throw error
      // Every outage is told, and not every try.
      if (last?.message !== error.message) progress.note(`${error.message}: trying again`)
      last = error
    }
    await pause(pauseMs, signal).catch(() => {
      throw endedWith(signal, last?.message)
    })
  }
}

function isRightless(error: unknown, { lastAt }: SeenOutages): error is KnestError {
  if (!(error instanceof KnestError) || error.code !== 'not-permitted') return false
  return performance.now() - lastAt < rightlessMs
}
