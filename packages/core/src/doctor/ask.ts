import type { Unseen } from '../contracts/doctor.js'
import { answerOf } from '../status/index.js'

/** So long each part may take, so that all of them together are there within 10 s. */
const partMs = 6_000
/** Of what asks for several things, one after the other. */
export const longPartMs = 8_500

/** Does one part of the work within its time; what does not come is told, and undefined. */
export type Ask = <T>(
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
  limitMs?: number,
) => Promise<T | undefined>

export function openAsk(signal: AbortSignal, unseen: Unseen[]): Ask {
  return async (what, work, limitMs = partMs) => {
    const { value, problem } = await answerOf(work, signal, limitMs)
    if (problem !== undefined) unseen.push({ what, why: problem })
    return value
  }
}
