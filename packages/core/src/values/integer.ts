/** A whole number as Go's strconv.ParseInt reads it in base 10: 64 bits, with a sign. Undefined when it is none. */
export function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,99}$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return BigInt.asIntN(64, value) === value ? value : undefined
}

/**
 * A whole number that a person writes, as kubectl takes it for --replicas: with a sign, or as 0x10. With a leading
 * zero kubectl reads octal digits and people do not, so that it is none. Undefined beyond 2^53 too.
 */
export function parseWholeNumber(text: string): number | undefined {
  const [, sign, digits] = /^([+-]?)(0|[1-9]\d*|0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+)$/.exec(text) ?? []
  if (digits === undefined) return undefined
  const value = Number(digits)
  if (!Number.isSafeInteger(value)) return undefined
  return sign === '-' && value !== 0 ? -value : value
}

/** `40%` as 40, as Kubernetes reads such shares; undefined when it is none. May be above 100. */
export function parsePercent(text: string): number | undefined {
  const digits = /^(\d{1,15})%$/.exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535
}
