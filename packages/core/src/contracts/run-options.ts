import type { Progress } from './progress.js'
import type { StepClock } from './timing.js'

/** Given to everything that takes time. */
export interface RunOptions {
  readonly signal: AbortSignal
  readonly progress: Progress
  /** For the whole operation, in milliseconds; single waits inside are shorter. */
  readonly timeoutMs: number
  /** Nobody asked for just this limit: it is lengthened where machines are emulated. */
  readonly isDefaultTimeout?: boolean | undefined
  /** Ends with `conflict` when somebody else works on the cluster or comes to: it neither waits nor keeps others waiting. */
  readonly onlyIfFree?: boolean | undefined
  /** Where the time goes. */
  readonly clock?: StepClock | undefined
}
