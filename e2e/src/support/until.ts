import { setTimeout as delay } from 'node:timers/promises'

/** How many times as long as usual this machine takes: `hack/test` measures it by the unit tests. */
const slowness = Math.max(1, Number(process.env.KNEST_TEST_SLOWNESS ?? 1))

/** Looks until it works; gives the seconds that took. A slow machine has as many more as it is slower. */
export async function secondsUntil(
  works: () => Promise<boolean>,
  limitSeconds: number,
  what = 'it',
): Promise<number> {
  const started = Date.now()
  const limit = limitSeconds * slowness
  let last: Error | undefined
  for (;;) {
    const seconds = (Date.now() - started) / 1000
    const fine = await works().catch((error: unknown) => {
      last = error instanceof Error ? error : undefined
      return false
    })
    if (fine) return seconds
    if (seconds > limit) {
      const trouble = last === undefined ? '' : `; last: ${last.message}`
      throw new Error(`${what}: not within ${limit.toFixed(0)} s${trouble}`, { cause: last })
    }
    await delay(250)
  }
}
