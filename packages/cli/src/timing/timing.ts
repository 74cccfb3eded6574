import { KnestError, type StepClock, type StepTime } from 'knest'
import type { Command } from 'commander'
import type { Deps } from '../deps.js'

export interface TimingOptions {
  /** Show a table. */
  readonly timing: boolean
  /** File for a chart. */
  readonly timingSvg?: string | undefined
}

export interface TimingFlags {
  readonly timing?: boolean | undefined
  readonly timingSvg?: string | undefined
}

export function addTimingFlags(command: Command): Command {
  return command
    .option('--timing', 'show at the end when each step ran and which ones the rest waited for')
    .option('--timing-svg <file>', 'write that as a chart')
}

export function timingOptions({ timing, timingSvg }: TimingFlags): TimingOptions {
  return { timing: timing === true, timingSvg }
}

/** Shows the times of `work` as asked for when it has ended, however it ended. */
export async function withTiming<T>(
  deps: Deps,
  { timing, timingSvg }: TimingOptions,
  title: string,
  work: (clock: StepClock | undefined) => Promise<T>,
): Promise<T> {
  if (!timing && timingSvg === undefined) return work(undefined)
  // A file that cannot be written is found out before anything is done.
  if (timingSvg !== undefined) await write(deps, timingSvg, '')
  const times: StepTime[] = []
  try {
    return await work((time) => times.push(time))
  } finally {
    const whole = { startMs: deps.startedAt().getTime(), endMs: deps.now().getTime() }
    const { ganttSvg, timelineOf, timingTable } = await import('./views.js')
    const timeline = timelineOf(times, whole)
    if (timing) deps.messages.must('timing', { ...timeline }, timingTable(timeline))
    // What has become of the work is more than its chart.
    if (timingSvg !== undefined)
      await write(deps, timingSvg, ganttSvg(timeline, title)).catch((error: unknown) =>
        deps.messages.warning((error as KnestError).message),
      )
  }
}

async function write(deps: Deps, path: string, text: string): Promise<void> {
  try {
    await deps.writeFile(path, text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new KnestError('usage', `the chart cannot be written to "${path}": ${why}`, {
      hint: 'give --timing-svg a file in a folder that exists',
    })
  }
}
