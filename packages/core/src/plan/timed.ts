import type { StepClock, StepTime } from '../contracts/timing.js'

/** Runs `work` and tells its time, whatever becomes of it. */
export async function timed<T>(
  clock: StepClock | undefined,
  what: Omit<StepTime, 'startMs' | 'endMs'>,
  work: () => Promise<T>,
): Promise<T> {
  const startMs = Date.now()
  try {
    return await work()
  } finally {
    const { id, title, needs, within } = what
    clock?.({ id, title, needs, startMs, endMs: Date.now(), within })
  }
}

/** Times a part of a step under a title of its own. */
export type TimePart = <T>(title: string, work: () => Promise<T>) => Promise<T>

export function partsOf(clock: StepClock | undefined, step: Pick<StepTime, 'id'>): TimePart {
  return (title, work) => timed(clock, { id: `${step.id}:${title}`, title, needs: [], within: step.id }, work)
}
