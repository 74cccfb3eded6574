import { describe, expect, test } from 'vitest'
import { formatBytes, parseBytes, parseCpuCores, parseMillicores } from './index.js'
import { nearest } from './nearest.js'

describe('quantities', () => {
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
  ])('%s is %d bytes', (text, expected) => {
    expect(parseBytes(text)).toBe(expected)
  })

  test.each([
    ['2', 2000],
    ['0.5', 500],
    ['500m', 500],
    ['0.1', 100],
    ['1.0005', 1001],
  ])('%s is %d millicores', (text, expected) => {
    expect(parseMillicores(text)).toBe(expected)
    expect(parseCpuCores(text)).toBe(expected / 1000)
  })

  test.each(['', '-1Gi', 'Gi', '4 Gi', '4gb', '4KB', '1..5', 'four', '1e', '0x10'])(
    '"%s" is none',
    (text) => {
      expect(() => parseBytes(text)).toThrow('is not a Kubernetes quantity')
    },
  )

  test.each([
    [2 ** 30, '1Gi'],
    [768 * 2 ** 20, '768Mi'],
    [1000, '1000'],
  ])('%d bytes are written %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})

test.each([
  ['cuont', 'count'],
  ['Labels', 'labels'],
  ['memory', 'memorySize'],
  ['x', undefined],
])('the nearest word to %s is %s', (word, expected) => {
  expect(nearest(word, ['count', 'labels', 'memorySize'])).toBe(expected)
})
