import { expect, test } from 'vitest'
import { upgradeFault } from './upgrade-rule.js'

test.each([
  ['1.34.4', '1.34.4'],
  ['1.34.4', '1.34.5'],
  ['1.34.4', '1.35.0'],
  ['1.35.4', '1.36.3'],
  ['1.9.3', '1.10.0'],
  ['1.35.4-rc.1', '1.35.4-rc.2'],
  ['1.35.4-rc.9', '1.35.4-rc.10'],
  ['1.35.4-rc.1', '1.35.4'],
  ['1.35.4', '1.36.0-alpha.1'],
])('%s may become %s', (from, to) => {
  expect(upgradeFault(from, to)).toBeUndefined()
})

test.each([
  ['1.35.4', '1.34.4', 'downgrade'],
  ['1.35.4', '1.35.3', 'downgrade'],
  ['1.10.0', '1.9.3', 'downgrade'],
  ['1.35.4', '1.35.4-rc.1', 'downgrade'],
  ['1.35.4-rc.10', '1.35.4-rc.9', 'downgrade'],
  ['1.34.4', 'vv1.35.0', 'not a full version'],
  ['1.34.4', '1.35.0+x', 'a build is in no'],
  ['1.35.4', '2.0.0', 'one minor version at a time'],
  ['1.34.4', '1.36.0', 'one minor version at a time'],
  ['1.34.4', '1.35', 'not a full version'],
])('%s may not become %s: %s', (from, to, reason) => {
  expect(upgradeFault(from, to)?.message).toContain(reason)
})

test('a skip is told the way that is allowed', () => {
  expect(upgradeFault('1.34.4', '1.36.3')?.hint).toBe('upgrade to a patch of 1.35 first')
})
