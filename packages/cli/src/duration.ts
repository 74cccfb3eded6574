import { durationMs, KnestError } from 'knest'

const longest = 24 * 3_600_000

/** How long to wait, as Go writes durations: `90s`, `10m`, `1h30m`. Gives whole milliseconds. */
export function parseDuration(text: string, flag: string, most = longest): number {
  const milliseconds = durationMs(text)
  if (milliseconds === undefined || milliseconds < 0) {
    throw new KnestError('usage', `${flag} "${text}" is not a duration`, {
      hint: 'write a number with a unit, as in 90s, 10m or 1h30m',
    })
  }
  if (milliseconds <= 0 || milliseconds > most) {
    throw new KnestError('usage', `${flag} "${text}" is out of range`, {
      hint: `allowed is up to ${most / 3_600_000}h`,
    })
  }
  // Timers take whole ones.
  return Math.ceil(milliseconds)
}
