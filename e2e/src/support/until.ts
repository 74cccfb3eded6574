import { setTimeout as delay } from 'node:timers/promises'

/** Looks until it works; gives the seconds that took. */
export async function secondsUntil(
  works: () => Promise<boolean>,
  limitSeconds: number,
  what = 'it',
): Promise<number> {
  const started = Date.now()
  let last: Error | undefined
  for (;;) {
    const seconds = (Date.now() - started) / 1000
    const fine = await works().catch((error: unknown) => {
      last = error instanceof Error ? error : undefined
      return false
    })
    if (fine) return seconds
    if (seconds > limitSeconds) {
      const trouble = last === undefined ? '' : `; last: ${last.message}`
      throw new Error(`${what}: not within ${limitSeconds} s${trouble}`, { cause: last })
    }
    await delay(250)
  }
}
