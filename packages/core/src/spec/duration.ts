const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** Go's way of writing durations: `90s`, `10m`, `1h30m`. Gives milliseconds; undefined when it is none. */
export function durationMs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) return undefined
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit as keyof typeof units], 0)
}
