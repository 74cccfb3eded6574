import { KnestError } from 'knest'

/** The value of a flag that has several names. Throws `usage` when they say different things. */
export function oneOf<T extends string>(
  ...named: readonly (readonly [string, T | undefined])[]
): T | undefined {
  const given = named.filter(([, value]) => value !== undefined)
  const [first] = given
  const other = given.find(([, value]) => value !== first?.[1])
  if (first !== undefined && other !== undefined)
    throw new KnestError(
      'usage',
      `${first[0]} is "${first[1] ?? ''}" and ${other[0]} is "${other[1] ?? ''}"`,
      {
        hint: 'leave one of them out',
      },
    )
  return first?.[1]
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
