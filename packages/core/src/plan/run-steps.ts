import { anySignal, awaitTurn } from '../signals.js'
import type { Progress } from '../contracts/progress.js'
import type { StepClock } from '../contracts/timing.js'
import type { Step } from './step.js'
import { partsOf, timed, type TimePart } from './timed.js'

export type StepRunner = (
  step: Step,
  progress: Progress,
  signal: AbortSignal,
  part: TimePart,
) => Promise<void>

interface StepsRun {
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly clock?: StepClock | undefined
  /** A failure keeps only those steps from running that need the one that failed. */
  readonly keepGoing?: boolean | undefined
}

/**
 * Runs every step as soon as what it needs has ended. The first failure aborts the running steps,
 * waits until they have let go, and is thrown; with `keepGoing` it is thrown when all others have ended.
 */
export async function runSteps(
  steps: readonly Step[],
  run: StepRunner,
  { progress, signal, clock, keepGoing = false }: StepsRun,
): Promise<void> {
  const stop = new AbortController()
  const both = anySignal(signal, stop.signal)
  const started = new Map<string, Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const failures: unknown[] = []

  const start = (step: Step): Promise<void> => {
    const known = started.get(step.id)
    if (known !== undefined) return known
    const promise = (async () => {
      await Promise.all(step.needs.map((id) => start(find(steps, id))))
      await awaitTurn(both)
      both.throwIfAborted()
      const part = partsOf(clock, step)
      await timed(clock, step, () => progress.phase(step.title, (inner) => run(step, inner, both, part)))
    })().catch((error: unknown) => {
      failure ??= { error }
      failures.push(error)
      if (!keepGoing) stop.abort(error)
      throw error
    })
    started.set(step.id, promise)
    return promise
  }

  await Promise.allSettled(steps.map(start))
  if (failure === undefined) return
  // Of those that a time limit ended, one that knows what it waited for says more than the first.
  throw signal.aborted ? (failures.find((error) => error !== signal.reason) ?? failure.error) : failure.error
}

function find(steps: readonly Step[], id: string): Step {
  const step = steps.find((candidate) => candidate.id === id)
  if (step === undefined) throw new Error(`the plan has no step ${id}`)
  return step
}
