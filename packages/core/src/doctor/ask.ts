import type { Unseen } from '../contracts/doctor.js'
import { redactText } from '../logs/index.js'
import { answerOf } from '../status/index.js'

/** In milliseconds. */
export interface Limits {
  readonly part: number
  /** Of what asks for several things, one after the other. */
  readonly longPart: number
  /** etcdctl gives up on a silent member after 3 s; what waits for two answers is within the time of a long part. */
  readonly status: number
}

/** So that all parts together are there within 10 s. */
const usualLimits: Limits = { part: 6_000, longPart: 8_500, status: 4_000 }
/** Of the 10 s, what remains is for who shows it. */
const wholeMs = 9_500
/** What answers soon is heard all the same. */
const leastMs = 1_000

/** What is left for each part when somebody has waited so long. */
export function limitsAfter(waitedMs: number): Limits {
  const left = Math.max(100 * Math.round((wholeMs - waitedMs) / 100), leastMs)
  const bounded = (limit: number): number => Math.min(limit, left)
  return {
    part: bounded(usualLimits.part),
    longPart: bounded(usualLimits.longPart),
    status: bounded(usualLimits.status),
  }
}

/** Does one part of the work within its time; what does not come is told, and undefined. */
export type Ask = <T>(
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
  size?: 'part' | 'longPart',
) => Promise<T | undefined>

export function openAsk(signal: AbortSignal, unseen: Unseen[], limits: Limits): Ask {
  return async (what, work, size = 'part') => {
    const { value, problem } = await answerOf(work, signal, limits[size])
    if (problem !== undefined) unseen.push({ what, why: redactText(problem) })
    return value
  }
}
