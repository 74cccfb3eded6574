import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isExcepted } from '../kube/proxy/no-proxy.js'
import { parseCidr } from '../network/cidr.js'
import {
  compareVersions,
  durationMs,
  durationNanos,
  ipFamily,
  labelFault,
  labelKeyFault,
  labelValueFault,
  parseBytes,
  parseInt64,
  parseMillicores,
  parseTime,
  parseVersion,
  quantityNanos,
  subdomainFault,
} from './index.js'

/** The lines of a section: a text, and what Go says of it. */
function verdicts(section: string): (readonly [string, readonly string[]])[] {
  const table = readFileSync(new URL('go-verdicts.txt', import.meta.url), 'utf8')
  const [, lines = ''] = table.split(`== ${section}\n`)
  const [own = ''] = lines.split('\n== ')
  return own.split('\n').flatMap((line) => {
    const [, text, verdict] = /^("(?:[^"\\]|\\.)*") (.*)$/.exec(line) ?? []
    return text === undefined || verdict === undefined ? [] : [[unquoted(text), verdict.split(' ')] as const]
  })
}

function unquoted(text: string): string {
  return JSON.parse(text) as string
}

function orRefused<T>(read: () => T): T | '-' {
  try {
    return read()
  } catch {
    return '-'
  }
}

function isWithin64Bits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value
}

describe('quantities', () => {
  // Nobody means nothing by it: a number is missing.
  const withoutDigits = ['.', '+', '-', '-.', 'Gi', '.Gi', 'e3', 'E']

  test.each(verdicts('quantities'))('%s', (text, [nanos = '', value = '', milli = '']) => {
    if (withoutDigits.includes(text)) expect(nanos).toBe('0')
    const expected = withoutDigits.includes(text) ? '-' : nanos
    expect(String(orRefused(() => quantityNanos(text)))).toBe(expected)
    if (expected === '-') return
    const exact = BigInt(nanos)
    // Of what is below nothing Go rounds some up, some down, and loses the sign of the smallest.
    if (exact < 0n) return
    if (isWithin64Bits(exact / 10n ** 9n)) expect(parseBytes(text)).toBe(Number(value))
    if (isWithin64Bits(exact / 10n ** 6n)) expect(parseMillicores(text)).toBe(Number(milli))
  })
})

test.each(verdicts('durations'))('duration %s', (text, [nanos]) => {
  expect(String(durationNanos(text) ?? '-')).toBe(nanos)
  expect(durationMs(text)).toBe(nanos === '-' ? undefined : Number(nanos) / 1e6)
})

test.each(verdicts('addresses'))('address %s', (text, [, isParsed]) => {
  expect(ipFamily(text) !== 0).toBe(isParsed === 'true')
})

test.each(verdicts('prefixes').filter(([text]) => !text.includes(':')))('CIDR %s', (text, [masked = '']) => {
  // A network is named by its first address, as the API server wants it of new objects.
  const expected = masked === JSON.stringify(text) ? text : '-'
  expect(orRefused(() => parseCidr(text).text)).toBe(expected)
})

// Blanks around entries of that list do not count.
test.each(verdicts('prefixes').filter(([text]) => text.trim() === text))(
  'CIDR %s in NO_PROXY',
  (text, [, network = '']) => {
    const isOne = network !== '-'
    const [inside = ''] = (isOne ? unquoted(network) : '10.0.0.0').split('/')
    // Go's net.ParseCIDR is what decides there. An address without a length is one address.
    expect(isExcepted(text, inside, 6443)).toBe(isOne || text === inside)
  },
)

test.each(verdicts('names'))('name %s', (text, expected) => {
  const faults = [
    labelFault(text, 63, /^[a-z0-9]/),
    subdomainFault(text),
    labelKeyFault(text),
    labelValueFault(text),
  ]
  expect(faults.map((fault) => (fault === undefined ? 'y' : '-'))).toEqual(expected)
})

test.each(verdicts('integers'))('integer %s', (text, [value]) => {
  expect(String(parseInt64(text) ?? '-')).toBe(value)
})

test.each(verdicts('times'))('time %s', (text, [ms]) => {
  expect(String(parseTime(text) ?? '-')).toBe(ms)
})

describe('versions', () => {
  // Go takes blanks around them.
  test.each(verdicts('versions').filter(([text]) => text.trim() === text))('%s', (text, verdict) => {
    const found = parseVersion(text)
    const [major, minor, patch, preRelease, build, order] = verdict
    if (found === undefined) {
      expect(major).toBe('-')
      return
    }
    expect([found.major, found.minor, found.patch].map(String)).toEqual([major, minor, patch])
    expect([found.preRelease, found.build].map((part) => JSON.stringify(part))).toEqual([preRelease, build])
    const base = { major: 1, minor: 35, patch: 4, preRelease: '', build: '' }
    expect(Math.sign(compareVersions(found, base))).toBe(Number(order))
  })
})
