const nanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  // The Greek letter, beside the micro sign.
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const part = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y
const most = 2n ** 63n

/**
 * A duration as Go's time.ParseDuration reads it, and so Kubernetes and kubectl: `90s`, `1h30m`, `-1.5h`, `.5s`, `0`.
 * Gives nanoseconds; undefined when it is none, or does not fit in 64 bits.
 */
export function durationNanos(text: string): bigint | undefined {
  const unsigned = text.replace(/^[+-]/, '')
  const sum = unsigned === '0' ? 0n : sumOf(unsigned)
  if (sum === undefined) return undefined
  const signed = text.startsWith('-') ? -sum : sum
  return signed < -most || signed >= most ? undefined : signed
}

/** The same in milliseconds, as timers take them; what is less than one is behind the point. */
export function durationMs(text: string): number | undefined {
  const found = durationNanos(text)
  return found === undefined ? undefined : Number(found) / 1e6
}

function sumOf(text: string): bigint | undefined {
  if (text === '') return undefined
  let sum = 0n
  for (part.lastIndex = 0; part.lastIndex < text.length;) {
    const [, whole = '', fraction = '', unit = ''] = part.exec(text) ?? []
    const factor = nanos[unit]
    if (factor === undefined || whole + fraction === '') return undefined
    sum += BigInt(whole) * factor + fractionOf(fraction, factor)
  }
  return sum
}

/** In floating point as Go does it, with the digits that 64 bits hold: a third of an hour is whole seconds. */
function fractionOf(digits: string, factor: bigint): bigint {
  let value = 0n
  let scale = 1
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit)
    if (next > most) break
    value = next
    scale *= 10
  }
  return BigInt(Math.trunc(Number(value) * (Number(factor) / scale)))
}
