import { expect, it } from 'vitest'
import { freeAddress } from './addresses.js'

const range = '198.51.100.128/29'
const all = [129, 130, 131, 132, 133, 134].map((last) => `198.51.100.${last}`)

it.each<[string, readonly string[], string | undefined, string | undefined]>([
  ['the first, and not that of the range', [], undefined, '198.51.100.129'],
  ['the first that is free', ['198.51.100.129', '192.0.2.1'], undefined, '198.51.100.130'],
  ['the one before', [], '198.51.100.133', '198.51.100.133'],
  ['another than the one before, which somebody has', ['198.51.100.133'], '198.51.100.133', '198.51.100.129'],
  ['another than one of another range', [], '192.0.2.1', '198.51.100.129'],
  ['the last', all.slice(0, 5), '192.0.2.1', '198.51.100.134'],
  ['none where all are taken', all, '198.51.100.129', undefined],
])('gives %s', (_, used, before, expected) => {
  expect(freeAddress(range, new Set(used), before)).toBe(expected)
})
