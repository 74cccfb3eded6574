import { KnestError } from 'knest'

/** The value of a flag that has two names. Throws `usage` when they say different things. */
export function oneOf<T extends string>(
  [flag, value]: readonly [string, T | undefined],
  [other, otherValue]: readonly [string, T | undefined],
): T | undefined {
  if (value !== undefined && otherValue !== undefined && value !== otherValue)
    throw new KnestError('usage', `${flag} is "${value}" and ${other} is "${otherValue}"`, {
      hint: 'leave one of them out',
    })
  return value ?? otherValue
}

/** For what can be given once only, where kubectl would take several: the last one must not win in silence. */
export function once(flag: string): (value: string, previous: string | undefined) => string {
  return (value, previous) => oneOf([flag, previous], [flag, value]) ?? value
}

/** For what can be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}

/** Throws `usage` for flags of which one makes the other mean nothing. */
export function refuseTogether(flag: string, isGiven: boolean, other: string, otherIsGiven: boolean): void {
  if (!isGiven || !otherIsGiven) return
  throw new KnestError('usage', `${flag} has no meaning with ${other}`, { hint: 'leave one of them out' })
}
