import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareVersions,
  durationNanos,
  formatBytes,
  imageTag,
  isSameQuantity,
  parseBytes,
  parseMillicores,
  parsePercent,
  parseVersion,
  parseWholeNumber,
  pieces,
  quantityNanos,
  type Version,
} from './index.js'

describe('quantities', () => {
  const nanos = fc.bigInt({ min: 0n, max: 2n ** 100n })

  test('a written quantity is read as what it was', () => {
    fc.assert(
      fc.property(nanos, (value) => {
        expect(quantityNanos(`${value}n`)).toBe(value)
        expect(quantityNanos(`-${value}n`)).toBe(-value)
        expect(quantityNanos(`${value / 10n ** 9n}.${String(value % 10n ** 9n).padStart(9, '0')}`)).toBe(
          value,
        )
        expect(quantityNanos(`${value}e-9`)).toBe(value)
      }),
    )
  })

  test('whole bytes are written in a unit and read as the same', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(1, 2 ** 10, 2 ** 20), (count, unit) => {
        expect(parseBytes(formatBytes(count * unit))).toBe(count * unit)
      }),
    )
  })

  test('each suffix is a thousand, or 1024, of the one before', () => {
    const steps = pairs(['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'])
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 60n }),
        fc.constantFrom(...steps),
        (count, [small, large]) => {
          expect(quantityNanos(`${count}${large}`)).toBe(quantityNanos(`${count * 1000n}${small}`))
        },
      ),
    )
    const binary = pairs(['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'])
    fc.assert(
      fc.property(fc.nat({ max: 7 }), fc.constantFrom(...binary), (count, [small, large]) => {
        expect(quantityNanos(`${count}${large}`)).toBe(quantityNanos(`${count * 1024}${small}`))
      }),
    )
  })

  test('rounding goes up, by less than one', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 53n * 10n ** 6n }), (value) => {
        const text = `${value}n`
        const rest = BigInt(parseMillicores(text)) * 10n ** 6n - value
        expect(rest >= 0n && rest < 10n ** 6n).toBe(true)
      }),
    )
  })

  test.each([
    ['4Gi', '4096Mi', true],
    ['0.5', '500m', true],
    ['1e3', '1k', true],
    ['2E', '2e18', true],
    ['2E', '2e3', false],
    // The same number in floating point.
    ['9007199254740992', '9007199254740993', false],
    ['4Gi', '4G', false],
    ['many', 'many', false],
  ])('%s and %s are the same: %s', (one, other, same) => {
    expect(isSameQuantity(one, other)).toBe(same)
  })

  test('three tenths are three times a tenth', () => {
    expect(quantityNanos('0.1') * 3n).toBe(quantityNanos('0.3'))
    expect(pieces(3)).toBe(quantityNanos('3'))
  })
})

function pairs(units: readonly string[]): (readonly [string, string])[] {
  return units.slice(1).map((unit, index) => [units[index] ?? '', unit])
}

test('a duration is the sum of its parts', () => {
  const units = { h: 3_600_000_000_000n, m: 60_000_000_000n, s: 10n ** 9n, ms: 10n ** 6n, µs: 1000n, ns: 1n }
  const part = fc.tuple(
    fc.nat({ max: 9999 }),
    fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
  )
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), fc.boolean(), (parts, isNegative) => {
      const sum = parts.reduce((total, [count, unit]) => total + BigInt(count) * units[unit], 0n)
      const text = parts.map(([count, unit]) => `${count}${unit}`).join('')
      expect(durationNanos(`${isNegative ? '-' : ''}${text}`)).toBe(isNegative ? -sum : sum)
      expect(durationNanos(`+${text}`)).toBe(sum)
    }),
  )
})

test.each([
  ['3', 3],
  ['+3', 3],
  ['-3', -3],
  ['0', 0],
  ['-0', 0],
  ['0x10', 16],
  ['0b11', 3],
  ['0o17', 15],
  ['9007199254740991', 2 ** 53 - 1],
  ['9007199254740992', undefined],
  ['010', undefined],
  ['', undefined],
  ['3.0', undefined],
  ['1e3', undefined],
  ['three', undefined],
  [' 3', undefined],
  ['--3', undefined],
  ['Infinity', undefined],
])('the whole number "%s" is %s', (text, expected) => {
  expect(parseWholeNumber(text)).toBe(expected)
})

test.each([
  ['a:v1', 'v1'],
  ['registry.test:5000/a', undefined],
  ['registry.test:5000/a/b:v1.35.4-rc.1', 'v1.35.4-rc.1'],
  ['a', undefined],
  ['a:v1@sha256:0123', 'v1'],
  ['a@sha256:0123', undefined],
  ['registry.test:5000/a@sha256:0123', undefined],
  ['', undefined],
])('the tag of image "%s" is %s', (image, tag) => {
  expect(imageTag(image)).toBe(tag)
})

test.each([
  ['40%', 40],
  ['0%', 0],
  ['100%', 100],
  ['101%', 101],
  ['040%', 40],
  ['40', undefined],
  ['40.5%', undefined],
  ['-1%', undefined],
  ['+1%', undefined],
  ['%', undefined],
  ['40 %', undefined],
  ['40%%', undefined],
])('the share "%s" is %s', (text, expected) => {
  expect(parsePercent(text)).toBe(expected)
})

describe('versions', () => {
  const versionOf = (text: string): Version => {
    const found = parseVersion(text)
    if (found === undefined) throw new Error(`${text} is no version`)
    return found
  }
  const identifier = fc.oneof(fc.nat().map(String), fc.constantFrom('alpha', 'beta', 'rc', 'x-1', '0a'))
  const version = fc
    .tuple(fc.nat(), fc.nat(), fc.nat(), fc.array(identifier, { maxLength: 3 }))
    .map(([major, minor, patch, pre]): Version => ({
      major,
      minor,
      patch,
      preRelease: pre.join('.'),
      build: '',
    }))

  test('a written version is read as what it was', () => {
    fc.assert(
      fc.property(version, (one) => {
        const pre = one.preRelease === '' ? '' : `-${one.preRelease}`
        const text = `${one.major}.${one.minor}.${one.patch}${pre}`
        expect(parseVersion(text)).toEqual(one)
        expect(parseVersion(`v${text}+b.1`)).toEqual({ ...one, build: 'b.1' })
      }),
    )
  })

  test('are in one order, whichever is asked first', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) || 0)
        const sorted = [a, b, c].sort(compareVersions)
        expect(compareVersions(sorted[0] ?? a, sorted[2] ?? c)).toBeLessThanOrEqual(0)
      }),
    )
  })

  test('pre-releases come in the order of semantic versions', () => {
    const ordered = [
      '0',
      '9',
      '10',
      'alpha',
      'alpha.1',
      'alpha.beta',
      'beta',
      'beta.2',
      'beta.11',
      'rc.1',
      'rc.1.0',
    ]
    const all = [...ordered.map((pre) => `1.0.0-${pre}`), '1.0.0'].map(versionOf)
    expect([...all].reverse().sort(compareVersions)).toEqual(all)
  })
})
