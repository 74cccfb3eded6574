import { KnestError } from 'knest'
import type { Interrupts } from './deps.js'

export interface Interruption {
  /** Called at the first signal. */
  onFirst(): void
  /** What is there now and what can be done, asked after the work has let go. */
  describe(): Promise<{ readonly message: string; readonly hint: string | undefined }>
}

/**
 * Runs work that a signal aborts. The first signal lets it end cleanly and becomes `cancelled`; the
 * second leaves at once.
 */
export async function interruptible<T>(
  interrupts: Interrupts,
  interruption: Interruption,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const stop = interrupts.listen((name) => {
    if (controller.signal.aborted) {
      interrupts.exitNow(name)
      return
    }
    interruption.onFirst()
    controller.abort(new KnestError('cancelled', `interrupted by ${name}`))
  })
  try {
    return await work(controller.signal)
  } catch (error) {
    if (!controller.signal.aborted) throw error
    const { message, hint } = await interruption.describe()
    throw new KnestError('cancelled', `interrupted: ${message}`, { hint, cause: error })
  } finally {
    stop()
  }
}
