import { KnestError } from '@knest/core'

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
const longest = 24 * units.h

/** Go's way of writing durations: `90s`, `10m`, `1h30m`. Gives milliseconds. */
export function parseDuration(text: string, flag: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  const whole = parts.map((part) => part[0]).join('')
  const milliseconds = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * units[unit as keyof typeof units],
    0,
  )
  if (parts.length === 0 || whole !== text) {
    throw new KnestError('usage', `${flag} "${text}" is not a duration`, {
      hint: 'write a number with a unit, as in 90s, 10m or 1h30m',
    })
  }
  if (milliseconds <= 0 || milliseconds > longest) {
    throw new KnestError('usage', `${flag} "${text}" is out of range`, { hint: 'allowed is up to 24h' })
  }
  return milliseconds
}
