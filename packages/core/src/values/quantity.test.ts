import { describe, expect, test } from 'vitest'
import { formatBytes, parseBytes, parseCpuCores, parseMillicores, parseQuantity } from './index.js'

describe('quantities', () => {
  test.each([
    // What a node says of its devices, memory and CPU.
    ['1k', 1000],
    ['110', 110],
    ['0', 0],
    ['24Gi', 24 * 2 ** 30],
    ['16368760Ki', 16_368_760 * 1024],
    ['1930m', 1.93],
    // Every suffix.
    ['100n', 1e-7],
    ['100u', 1e-4],
    ['100m', 0.1],
    ['2k', 2e3],
    ['2M', 2e6],
    ['2G', 2e9],
    ['2T', 2e12],
    ['2P', 2e15],
    ['2E', 2e18],
    ['2Ki', 2 ** 11],
    ['2Mi', 2 ** 21],
    ['2Gi', 2 ** 31],
    ['2Ti', 2 ** 41],
    ['2Pi', 2 ** 51],
    ['2Ei', 2 ** 61],
    // Exponents: "E" alone is exa.
    ['1e3', 1000],
    ['1E3', 1000],
    ['1E+3', 1000],
    ['12e-3', 0.012],
    ['1.5e6', 1.5e6],
    ['1E', 1e18],
    // Signs and points.
    ['+1', 1],
    ['-1', -1],
    ['-1.5Gi', -1.5 * 2 ** 30],
    ['1.', 1],
    ['.5', 0.5],
    ['0.5k', 500],
    ['007', 7],
    // Nothing is smaller than a nano or larger than 2^63-1.
    ['0.1n', 1e-9],
    ['1e-999999999999', 1e-9],
    ['0e-999999999999', 0],
    ['8Ei', 2 ** 63],
    ['9e99999999999', 2 ** 63],
    ['-9e99999999999', -(2 ** 63)],
  ])('%s is %d', (text, expected) => {
    expect(parseQuantity(text)).toBe(expected)
  })

  test.each([
    ['4Gi', 4 * 2 ** 30],
    ['4G', 4e9],
    ['512Mi', 512 * 2 ** 20],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['.5Ki', 512],
    ['1e3', 1000],
    ['1E', 1e18],
    ['12', 12],
    ['+1k', 1000],
    ['1500m', 2],
    ['1n', 1],
    ['16.1k', 16_100],
    ['4.1M', 4_100_000],
    ['9007199254740991', 2 ** 53 - 1],
  ])('%s is %d bytes', (text, expected) => {
    expect(parseBytes(text)).toBe(expected)
  })

  test.each([
    ['2', 2000],
    ['0.5', 500],
    ['500m', 500],
    ['0.1', 100],
    ['1.0005', 1001],
    ['1.001', 1001],
    ['250000u', 250],
    ['1n', 1],
    ['2k', 2_000_000],
    ['-1', -1000],
    ['-0.5m', -1],
  ])('%s is %d millicores', (text, expected) => {
    expect(parseMillicores(text)).toBe(expected)
    expect(parseCpuCores(text)).toBe(expected / 1000)
  })

  test.each([
    '',
    '-1Gi',
    'Gi',
    '4 Gi',
    '4gb',
    '4KB',
    '1..5',
    'four',
    '1e',
    '0x10',
    '.',
    '+',
    '--1',
    '1 ',
    '1K',
    '1i',
    '1.1.M',
    '1e3k',
    '1e1.5',
    '0.1mi',
  ])('"%s" is none', (text) => {
    expect(() => parseBytes(text)).toThrow('is not a Kubernetes quantity')
  })

  test.each([
    ['4gb', 'write "4Gi"'],
    ['1.5kb', 'write "1.5Ki"'],
    ['-1Gi', 'a size is not negative'],
    ['many', 'use a number and a unit such as Mi or Gi, as in 4Gi'],
  ])('of "%s" the hint is: %s', (text, hint) => {
    expect(() => parseBytes(text)).toThrow(expect.objectContaining({ code: 'config', hint }))
  })

  test.each([
    [2 ** 30, '1Gi'],
    [768 * 2 ** 20, '768Mi'],
    [1000, '1000'],
  ])('%d bytes are written %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})
