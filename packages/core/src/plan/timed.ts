import type { StepClock, StepTime } from '../contracts/timing.js'

/** Runs `work` and tells its time, whatever becomes of it. */
export async function timed<T>(
  clock: StepClock | undefined,
  { id, title, needs }: Pick<StepTime, 'id' | 'title' | 'needs'>,
  work: () => Promise<T>,
): Promise<T> {
  const startMs = Date.now()
  try {
    return await work()
  } finally {
    clock?.({ id, title, needs, startMs, endMs: Date.now() })
  }
}
