import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KnestError } from '../errors.js'
import {
  addressCount,
  cidrAround,
  contains,
  firstHost,
  formatAddress,
  nthAddress,
  overlaps,
  parseAddress,
  parseAddressRange,
  parseCidr,
  rangeToCidrs,
  type Cidr,
} from './index.js'

describe('parseCidr', () => {
  test.each([
    ['', 'is empty'],
    ['  ', 'is empty'],
    [' 10.0.0.0/8', 'blanks'],
    ['10.0.0.0 /8', 'blanks'],
    ['10.0.0.0', 'no prefix length'],
    ['10.0.0.0/', 'bad prefix length ""'],
    ['10.0.0.0/x', 'bad prefix length "x"'],
    ['10.0.0.0/08', 'bad prefix length "08"'],
    ['10.0.0.0/-1', 'bad prefix length "-1"'],
    ['10.0.0.0/8.0', 'bad prefix length "8.0"'],
    ['10.0.0.0/33', 'above 32'],
    ['10.0.0.0/8/8', 'more than one "/"'],
    ['10/8', '1 of the four numbers'],
    ['10.0/16', '2 of the four numbers'],
    ['10.0.0.0.0/8', '5 of the four numbers'],
    ['010.0.0.0/8', 'octal'],
    ['10.00.0.0/16', 'octal'],
    ['0x10.0.0.0/8', 'hexadecimal'],
    ['0xa000000/8', 'hexadecimal'],
    ['10.256.0.0/16', '256, which is above 255'],
    ['10..0.0/16', 'not an IPv4 address'],
    ['ten.0.0.0/8', 'not an IPv4 address'],
    ['10.1.2.3/8', 'host bits set: /8 leaves 10.0.0.0'],
    ['10.0.0.1/31', 'host bits set'],
    ['fd00::/48', 'IPv6 range, which is not supported yet'],
    ['10.0.0.0/8,fd00::/48', 'dual-stack networks are not supported yet'],
  ])('refuses "%s"', (text, fault) => {
    try {
      parseCidr(text)
      expect.unreachable()
    } catch (error) {
      expect((error as KnestError).code).toBe('config')
      expect((error as KnestError).message).toContain(`"${text}" `)
      expect((error as KnestError).message).toContain(fault)
      expect((error as KnestError).hint).toBeTruthy()
    }
  })

  test('gives both ends', () => {
    const cidr = parseCidr('10.201.0.0/16')
    expect([formatAddress(cidr.first), formatAddress(cidr.last)]).toEqual(['10.201.0.0', '10.201.255.255'])
    expect(addressCount(cidr)).toBe(65_536)
    expect(addressCount(parseCidr('0.0.0.0/0'))).toBe(2 ** 32)
    expect(addressCount(parseCidr('255.255.255.255/32'))).toBe(1)
  })
})

describe('addresses', () => {
  test('are counted from the network address', () => {
    expect(nthAddress('10.201.0.0/16', 10)).toBe('10.201.0.10')
    expect(nthAddress(parseCidr('10.201.255.0/24'), 255)).toBe('10.201.255.255')
    expect(firstHost('10.201.0.0/16')).toBe('10.201.0.1')
    expect(() => nthAddress('10.0.0.0/30', 4)).toThrow(RangeError)
    expect(() => nthAddress('10.0.0.0/30', -1)).toThrow(RangeError)
  })

  test.each([
    ['10.0.0.5', '10.0.0.5', '10.0.0.5'],
    ['10.0.0.5-10.0.0.9', '10.0.0.5', '10.0.0.9'],
    ['10.0.0.5 - 10.0.0.9', '10.0.0.5', '10.0.0.9'],
    ['10.0.0.0/30', '10.0.0.0', '10.0.0.3'],
  ])('the range %s', (text, first, last) => {
    const range = parseAddressRange(text)
    expect([formatAddress(range.first), formatAddress(range.last)]).toEqual([first, last])
  })

  test.each([
    ['10.0.0.9-10.0.0.5', 'ends before it begins'],
    ['10.0.0.1-10.0.0.2-10.0.0.3', 'more than one "-"'],
    ['10.0.0.1-', 'not an IPv4 address'],
    ['fe80::1', 'IPv6'],
    ['10.0.0.1/24', 'host bits'],
  ])('the range %s is refused', (text, fault) => {
    expect(() => parseAddressRange(text)).toThrow(fault)
  })

  test('a range becomes the fewest CIDRs', () => {
    const cidrs = rangeToCidrs(parseAddressRange('10.0.0.1-10.0.0.6')).map((cidr) => cidr.text)
    expect(cidrs).toEqual(['10.0.0.1/32', '10.0.0.2/31', '10.0.0.4/31', '10.0.0.6/32'])
    expect(rangeToCidrs(parseAddressRange('0.0.0.0-255.255.255.255')).map((cidr) => cidr.text)).toEqual([
      '0.0.0.0/0',
    ])
  })
})

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const cidr = fc
  .tuple(address, fc.integer({ min: 0, max: 32 }))
  .map(([first, prefix]): Cidr => cidrAround(first, prefix))
const near = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
  .map(([first, prefix]): Cidr => cidrAround(first, prefix))

describe('properties', () => {
  test('what is written is read back', () => {
    fc.assert(
      fc.property(cidr, (range) => {
        expect(parseCidr(range.text)).toEqual(range)
      }),
    )
    fc.assert(
      fc.property(address, (one) => {
        expect(parseAddress(formatAddress(one))).toBe(one)
      }),
    )
  })

  test('overlaps is symmetric and agrees with counting addresses', () => {
    fc.assert(
      fc.property(near, near, (a, b) => {
        const inBoth = Array.from({ length: 256 }, (_, one) => one).some(
          (one) => a.first <= one && one <= a.last && b.first <= one && one <= b.last,
        )
        expect(overlaps(a, b)).toBe(inBoth)
        expect(overlaps(b, a)).toBe(inBoth)
      }),
    )
  })

  test('CIDRs overlap only when one contains the other', () => {
    fc.assert(
      fc.property(cidr, cidr, (a, b) => {
        expect(overlaps(a, b)).toBe(contains(a, b) || contains(b, a))
      }),
    )
  })

  test('a range is covered exactly', () => {
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 100_000 }), (first, size) => {
        const range = { first, last: Math.min(first + size, 2 ** 32 - 1) }
        const parts = rangeToCidrs(range)
        expect(parts[0]?.first).toBe(range.first)
        expect(parts.at(-1)?.last).toBe(range.last)
        parts.slice(1).forEach((part, index) => expect(part.first).toBe((parts[index]?.last ?? 0) + 1))
      }),
    )
  })
})
