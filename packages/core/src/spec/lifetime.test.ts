import { expect, test } from 'vitest'
import type { ClusterPhase } from '../contracts/cluster.js'
import { endOf, extendedTtl } from './lifetime.js'
import { resolveSpec } from './resolve.js'

const createdAt = '2026-01-01T00:00:00Z'
const created = Date.parse(createdAt)
const minute = 60_000

function living(ttl: string | undefined, phase: ClusterPhase = 'Ready') {
  return { createdAt, phase, spec: resolveSpec(ttl === undefined ? {} : { ttl }) }
}

test.each([
  ['a cluster without an end', living(undefined), undefined],
  ['two hours', living('2h'), created + 120 * minute],
  ['a fraction', living('1.5h'), created + 90 * minute],
  ['one that is still made', living('1m', 'Creating'), created + minute],
  ['one that is paused', living('1h', 'Paused'), created + 60 * minute],
  ['data that was kept on purpose', living('1h', 'Kept'), undefined],
  [
    'what its object asks for by now',
    { ...living('1h'), desiredSpec: living('3h').spec },
    created + 180 * minute,
  ],
  [
    'an end that its object no longer asks for',
    { ...living('1h'), desiredSpec: living(undefined).spec },
    undefined,
  ],
])('the end of %s', (_, record, end) => {
  expect(endOf(record)).toBe(end)
})

test.each([
  ['before its end', '2h', 60, '3h0m0s'],
  ['when its time is over', '1h', 90, '2h30m0s'],
  ['when it had no end', undefined, 30, '1h30m0s'],
  ['in its first moment', '1m', 0, '1h1m0s'],
])('one hour more %s', (_, ttl, minutes, expected) => {
  const later = extendedTtl(living(ttl), 60 * minute, created + minutes * minute)
  expect(later).toBe(expected)
  expect(resolveSpec({ ttl: later }).ttl).toBe(later)
})
