import { anySignal, unlessAborted } from '../signals.js'
import { oneLine } from '../values/index.js'

/** What was asked for, or one line on why it is not known. */
export type Answer<T> =
  { readonly value: T; readonly problem: undefined } | { readonly value: undefined; readonly problem: string }

/**
 * How long one part of a status may take. etcdctl gives up on a silent member after 3 s; the rest is for
 * a slow machine.
 */
export const patienceMs = 6_000

/** Never takes longer than `limitMs`, and throws only when `signal` is aborted. */
export async function answerOf<T>(
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  limitMs: number,
): Promise<Answer<T>> {
  const limit = AbortSignal.timeout(limitMs)
  const bounded = anySignal(signal, limit)
  try {
    return { value: await unlessAborted(work(bounded), bounded), problem: undefined }
  } catch (error) {
    signal.throwIfAborted()
    return { value: undefined, problem: limit.aborted ? `no answer within ${limitMs / 1000} s` : said(error) }
  }
}

function said(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error))
}
