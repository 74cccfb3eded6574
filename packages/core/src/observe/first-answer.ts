import { anySignal } from '../signals.js'
import { KnestError } from '../errors.js'

/** Asks all at once and takes the first that answers: one that hangs costs nothing. Throws why the first failed. */
export async function firstAnswer<A, T>(
  asked: readonly A[],
  ask: (one: A, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const found = new AbortController()
  const both = anySignal(signal, found.signal)
  try {
    return await Promise.any(asked.map((one) => ask(one, both)))
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error
    throw error.errors[0] ?? new KnestError('prerequisite', 'there is nobody to ask')
  } finally {
    found.abort()
  }
}
