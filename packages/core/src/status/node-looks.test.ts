import { expect, test } from 'vitest'
import { clockAhead } from './node-looks.js'

test.each<[string, number, number, number, number | undefined]>([
  ['right', 1000, 1_000_400, 1_000_900, 0],
  ['right, and slow to answer', 1005, 1_000_000, 1_015_000, 0],
  ['right, and its second cut off', 999, 999_999, 1_000_100, 0],
  ['ahead', 1060, 1_000_000, 1_001_000, 59],
  ['behind', 900, 1_000_000, 1_001_000, -99],
  ['not told', Number.NaN, 1_000_000, 1_001_000, undefined],
])('a clock that is %s', (_, clock, asked, answered, ahead) => {
  expect(clockAhead(clock, asked, answered)).toBe(ahead)
})
