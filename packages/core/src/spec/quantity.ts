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
 * A Kubernetes quantity as a number of units: bytes, cores, devices. Reads what apimachinery's
 * resource.Quantity reads: decimal and binary suffixes, exponents and signs; like it, rounds up to whole
 * nanos and stops at 2^63-1. Throws `config`.
 */
export function parseQuantity(text: string): number {
  // Of all ways back to a number only its decimal digits give the nearest one.
  return Number(`${parseNanos(text)}e-9`)
}

/** Whole bytes, rounded up as Kubernetes does. Throws `config`, for what is below nothing too. */
export function parseBytes(text: string): number {
  const nanos = parseNanos(text)
  if (nanos < 0n) throw noQuantity(text, 'a size is not negative')
  return wholeUnits(nanos, 1n)
}

/** Thousandths of a core, rounded up. Throws `config`. */
export function parseMillicores(text: string): number {
  return wholeUnits(parseNanos(text), 1000n)
}

/** For flags: `2`, `0.5` or `500m` as a number of cores. Throws `config`. */
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

/** Exact: in floating point 16.1k would be more than 16100, and be rounded up to 16101. */
function parseNanos(text: string): bigint {
  const match = /^([+-]?)(?:(\d+)\.?|(\d*)\.(\d+))([A-Za-z]*|[eE][+-]?\d+)$/.exec(text)
  const [, sign, plain, whole, fraction = '', suffix = ''] = match ?? []
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1]
  const factor = exponent === undefined ? factors[suffix] : nano
  if (match === null || factor === undefined) {
    const meant = meantSuffix(suffix)
    const digits = text.slice(0, text.length - suffix.length)
    throw noQuantity(text, meant === undefined ? usualHint : `write "${digits}${meant}"`)
  }
  const magnitude = scaled(BigInt((plain ?? whole ?? '') + fraction) * factor, fraction, exponent)
  const kept = magnitude > largest * nano ? largest * nano : magnitude
  return sign === '-' ? -kept : kept
}

/** `value` by ten to the exponent, less the digits of its fraction; rounded up. */
function scaled(value: bigint, fraction: string, exponent = '0'): bigint {
  const power = Number(exponent) - fraction.length
  // Beyond these every number is the largest or the smallest there is.
  if (power > 99) return value * 10n ** 99n
  if (power >= 0) return value * 10n ** BigInt(power)
  if (-power > 9999) return value === 0n ? 0n : 1n
  return ceilDivide(value, 10n ** BigInt(-power))
}

function ceilDivide(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor
}

/** Rounded away from nothing, so that no request becomes smaller than it was. */
function wholeUnits(nanos: bigint, perUnit: bigint): number {
  const magnitude = Number(ceilDivide((nanos < 0n ? -nanos : nanos) * perUnit, nano))
  return nanos < 0n ? -magnitude : magnitude
}

function noQuantity(text: string, hint: string): KnestError {
  return new KnestError('config', `"${text}" is not a Kubernetes quantity`, { hint })
}

const usualHint = 'use a number and a unit such as Mi or Gi, as in 4Gi'

/** `4g`, `4GB` and `4gib` are common slips for `4Gi`. */
function meantSuffix(suffix: string): string | undefined {
  const letter = /^([kmgtpe])(i?b?)$/i.exec(suffix)?.[1]?.toUpperCase()
  return letter === undefined ? undefined : `${letter}i`
}
