import { setTimeout as delay } from 'node:timers/promises'

/** Looks until it works; gives the seconds that took. */
export async function secondsUntil(
  works: () => Promise<boolean>,
  limitSeconds: number,
  what = 'it',
): Promise<number> {
  const started = Date.now()
  let last: unknown
  for (;;) {
    const seconds = (Date.now() - started) / 1000
    const fine = await works().catch((error: unknown) => {
      last = error
      return false
    })
    if (fine) return seconds
    if (seconds > limitSeconds) throw new Error(`${what}: not within ${limitSeconds} s`, { cause: last })
    await delay(250)
  }
}
