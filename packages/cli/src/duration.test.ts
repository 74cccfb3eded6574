import { expect, test } from 'vitest'
import { parseDuration } from './duration.js'

test.each([
  ['90s', 90_000],
  ['10m', 600_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['1.5m', 90_000],
  ['.5s', 500],
  ['+10m', 600_000],
  ['1h1m1s1ms', 3_661_001],
  ['1.0001s', 1001],
  ['1µs', 1],
  ['24h', 86_400_000],
])('%s', (text, milliseconds) => {
  expect(parseDuration(text, '--timeout')).toBe(milliseconds)
})

test.each(['', '10', 'm', '10 m', '10x', '-5m', '1h-30m', 'ten minutes'])('"%s" is refused', (text) => {
  expect(() => parseDuration(text, '--timeout')).toThrow(/--timeout ".*" is not a duration/)
})

test.each(['0', '0s', '25h', '24h1ns'])('"%s" is out of range', (text) => {
  expect(() => parseDuration(text, '--timeout')).toThrow(/out of range/)
})

test('a duration that is no wait may be longer', () => {
  expect(parseDuration('720h', 'duration', 8760 * 3_600_000)).toBe(2_592_000_000)
  expect(() => parseDuration('8761h', 'duration', 8760 * 3_600_000)).toThrow(/out of range/)
})
