import { KnestError } from '../errors.js'

const nano = 10n ** 9n
const largest = 2n ** 63n - 1n
const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

/** Each suffix as a whole number of nanos. */
const factors: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 10n ** 3n,
  m: 10n ** 6n,
  '': nano,
  k: 10n ** 12n,
  M: 10n ** 15n,
  G: 10n ** 18n,
  T: 10n ** 21n,
  P: 10n ** 24n,
  E: 10n ** 27n,
  ...Object.fromEntries(binary.map((unit, index) => [unit, nano * 1024n ** BigInt(index + 1)])),
}

/**
 * A Kubernetes quantity as a number of units: bytes, cores, devices; at most 2^63-1. Compare and add with
 * `quantityNanos`, which is exact. Throws `config`.
 */
export function parseQuantity(text: string): number {
  // Of all ways back to a number only its decimal digits give the nearest one.
  return Number(`${within64Bits(quantityNanos(text), nano)}e-9`)
}

/** Whole bytes, rounded up as Kubernetes does. Throws `config`, for what is below nothing too. */
export function parseBytes(text: string): number {
  const nanos = quantityNanos(text)
  if (nanos < 0n) throw noQuantity(text, 'a size is not negative')
  return Number(wholeUnits(nanos, 1n))
}

/** Thousandths of a core, rounded up. Throws `config`. */
export function parseMillicores(text: string): number {
  return Number(wholeUnits(quantityNanos(text, 'write it as in 2, 0.5 or 500m'), 1000n))
}

/** `2`, `0.5` or `500m` as a number of cores. Throws `config`. */
export function parseCpuCores(text: string): number {
  return parseMillicores(text) / 1000
}

/** The quantity of so many bytes, in the largest binary unit that keeps it whole. */
export function formatBytes(bytes: number): string {
  for (const [index, unit] of [...binary.entries()].reverse()) {
    const factor = 1024 ** (index + 1)
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return String(bytes)
}

/** So many pieces, as `quantityNanos` counts them. */
export function pieces(count: number | bigint): bigint {
  return BigInt(count) * nano
}

/** Whether both are quantities, and of the same amount: `4Gi` and `4096Mi`. */
export function isSameQuantity(one: string, other: string): boolean {
  try {
    return quantityNanos(one) === quantityNanos(other)
  } catch {
    return false
  }
}

/**
 * Billionths of a unit, exactly: in floating point 16.1k would be more than 16100, and three times 0.1 more than 0.3.
 * Reads what apimachinery's resource.Quantity reads: decimal and binary suffixes, exponents and signs; like it, rounds
 * away from nothing to whole nanos, and stops binary ones at 2^63-1. Digits there must be: Go takes `Gi` for 0.
 * Throws `config`.
 */
export function quantityNanos(text: string, hint?: string): bigint {
  const match = /^([+-]?)(?:(\d+)\.?|(\d*)\.(\d+))([A-Za-z]*|[eE][+-]?\d+)$/.exec(text)
  const [, sign, plain, whole, fraction = '', suffix = ''] = match ?? []
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1]
  const factor = exponent === undefined ? factors[suffix] : nano
  if (match === null || factor === undefined || !isExponent(exponent)) {
    throw noQuantity(text, hint ?? sizeHint(text, suffix))
  }
  const magnitude = scaled(BigInt((plain ?? whole ?? '') + fraction) * factor, fraction, exponent)
  const kept = binary.includes(suffix) ? within64Bits(magnitude, nano) : magnitude
  return sign === '-' ? -kept : kept
}

/** Go reads the digits of an exponent into 64 bits. */
function isExponent(digits = '0'): boolean {
  return BigInt.asIntN(64, BigInt(digits.replace('+', ''))) === BigInt(digits.replace('+', ''))
}

/** `value` by ten to the exponent, less the digits of its fraction; rounded up. */
function scaled(value: bigint, fraction: string, exponent = '0'): bigint {
  const power = Number(exponent) - fraction.length
  // Nobody has more than that of anything, and digits without end would take memory without end.
  if (power > 999) return value * 10n ** 999n
  if (power >= 0) return value * 10n ** BigInt(power)
  if (-power > 9999) return value === 0n ? 0n : 1n
  return ceilDivide(value, 10n ** BigInt(-power))
}

function ceilDivide(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor
}

/** Rounded away from nothing, so that no request becomes smaller than it was. */
function wholeUnits(nanos: bigint, perUnit: bigint): bigint {
  const magnitude = ceilDivide((nanos < 0n ? -nanos : nanos) * perUnit, nano)
  return within64Bits(nanos < 0n ? -magnitude : magnitude, 1n)
}

function within64Bits(value: bigint, unit: bigint): bigint {
  const most = largest * unit
  if (value > most) return most
  return value < -most ? -most : value
}

function noQuantity(text: string, hint: string): KnestError {
  return new KnestError('config', `"${text}" is not a Kubernetes quantity`, { hint })
}

/** `4g`, `4GB` and `4gib` are common slips for `4Gi`. */
function sizeHint(text: string, suffix: string): string {
  const letter = /^([kmgtpe])(i?b?)$/i.exec(suffix)?.[1]?.toUpperCase()
  if (letter === undefined) return 'use a number and a unit such as Mi or Gi, as in 4Gi'
  return `write "${text.slice(0, text.length - suffix.length)}${letter}i"`
}
