import { expect, test } from 'vitest'
import { nearest } from './nearest.js'

test.each([
  ['cuont', 'count'],
  ['Labels', 'labels'],
  ['memory', 'memorySize'],
  ['x', undefined],
])('the nearest word to %s is %s', (word, expected) => {
  expect(nearest(word, ['count', 'labels', 'memorySize'])).toBe(expected)
})
