import { expect, test } from 'vitest'
import { checkContext } from './kept.js'

const ref = { name: 'inner', namespace: 'knest-inner' }

test('a cluster does not take the context that its host is reached by', () => {
  expect(() => checkContext(ref, 'context "knest-inner"', true)).toThrow(/"knest-inner", as that of its host/)
})

test('a context that nobody touches may have that name, and other names are fine', () => {
  checkContext(ref, 'context "knest-inner"', false)
  checkContext(ref, 'context "knest-host"', true)
})
