import type { Random } from './random.js'
import type { Writer } from './store.js'
import type { World } from './world.js'

/** Something bad that happens. Gives what was done, or undefined when it cannot happen now. */
export interface Fault {
  readonly name: string
  /** How often, against the others. */
  readonly weight: number
  /** It happens in stories of seeds from this one on: those before stay what they were. `date +%s` when it was added. */
  readonly since?: number
  readonly strike: (world: World, random: Random) => string | undefined
}

export const admin: Writer = { name: 'admin', isKnest: false }

export function one<T>(random: Random, from: readonly T[]): T | undefined {
  return from.length === 0 ? undefined : random.pick(from)
}

/** What does not last: ends after so many seconds. Gives for how long. */
export function untilLater(
  world: World,
  random: Random,
  low: number,
  high: number,
  end: () => unknown,
): string {
  const seconds = random.between(low, high)
  world.clock.plan(seconds * 1_000, () => void end())
  return ` for ${seconds} s`
}
