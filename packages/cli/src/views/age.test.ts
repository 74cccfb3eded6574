import { expect, test } from 'vitest'
import { age } from './age.js'

const start = Date.parse('2026-01-01T00:00:00Z')

test.each([
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [192, '3m12s'],
  [599, '9m59s'],
  [600, '10m'],
  [3 * 3600 - 1, '179m'],
  [3 * 3600, '3h'],
  [3 * 3600 + 61, '3h1m'],
  [8 * 3600, '8h'],
  [47 * 3600, '47h'],
  [48 * 3600, '2d'],
  [53 * 3600, '2d5h'],
  [8 * 86400, '8d'],
  [730 * 86400, '2y'],
  [735 * 86400, '2y5d'],
  [9 * 365 * 86400, '9y'],
])('after %i seconds it is %s', (seconds, text) => {
  expect(age('2026-01-01T00:00:00Z', new Date(start + seconds * 1000))).toBe(text)
})

test('a clock that is behind gives no negative age', () => {
  expect(age('2026-01-01T00:00:10Z', new Date(start))).toBe('0s')
})

test('a time that cannot be read is unknown', () => {
  expect(age('', new Date(start))).toBe('<unknown>')
})
