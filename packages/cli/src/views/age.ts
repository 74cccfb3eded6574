const minute = 60
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/** Time since `createdAt` the way kubectl writes ages: `45s`, `3m12s`, `2d4h`. */
export function age(createdAt: string, now: Date): string {
  const created = Date.parse(createdAt)
  if (Number.isNaN(created)) return '<unknown>'
  const seconds = Math.max(0, Math.floor((now.getTime() - created) / 1000))
  if (seconds < 2 * minute) return `${seconds}s`
  if (seconds < 10 * minute) return two(seconds, minute, 'm', 1, 's')
  if (seconds < 3 * hour) return `${Math.floor(seconds / minute)}m`
  if (seconds < 8 * hour) return two(seconds, hour, 'h', minute, 'm')
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)}h`
  if (seconds < 8 * day) return two(seconds, day, 'd', hour, 'h')
  if (seconds < 2 * year) return `${Math.floor(seconds / day)}d`
  if (seconds < 8 * year) return two(seconds, year, 'y', day, 'd')
  return `${Math.floor(seconds / year)}y`
}

function two(seconds: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % big) / small)
  const head = `${Math.floor(seconds / big)}${bigUnit}`
  return rest === 0 ? head : `${head}${rest}${smallUnit}`
}
