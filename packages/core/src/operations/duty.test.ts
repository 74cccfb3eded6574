import { expect, test } from 'vitest'
import type { ClusterPhase, ClusterRecord } from '../contracts/cluster.js'
import { fakeRecord } from '../status/fake-parts.js'
import { dutyTo, type Duty } from './duty.js'

const { spec } = fakeRecord()
/** Who looks after a cluster: a command made it, its object was applied, or a controller has accepted it. */
const makers: Readonly<Record<string, Partial<ClusterRecord>>> = {
  command: { declared: false },
  declared: { declared: true },
  accepted: { declared: false, desiredSpec: spec },
  'declared and accepted': { declared: true, desiredSpec: spec },
}

/** What is right, by hand: for what a command made, and for what was declared or accepted. */
const expected: Readonly<Record<ClusterPhase, readonly [Duty, Duty]>> = {
  Creating: ['none', 'reconcile'],
  Ready: ['reconcile', 'reconcile'],
  Degraded: ['reconcile', 'reconcile'],
  Scaling: ['reconcile', 'reconcile'],
  Upgrading: ['reconcile', 'reconcile'],
  Paused: ['none', 'none'],
  Resuming: ['none', 'none'],
  Deleting: ['none', 'none'],
  Kept: ['none', 'none'],
  Failed: ['reconcile', 'reconcile'],
}

const rows = (Object.keys(expected) as ClusterPhase[]).flatMap((phase) =>
  Object.entries(makers).map(([maker, part]) => {
    const [byCommand, byObject] = expected[phase]
    return [phase, maker, part, maker === 'command' ? byCommand : byObject] as const
  }),
)

const now = Date.parse('2026-01-01T02:00:00Z')

test.each(rows)('%s, %s', (phase, _maker, part, duty) => {
  expect(dutyTo(fakeRecord({}, { phase, ...part }), now)).toBe(duty)
  // Whatever it was: the host waits for somebody to take it away.
  expect(dutyTo(fakeRecord({}, { phase, ...part, deletedAt: '2026-01-01T00:00:00Z' }), now)).toBe('delete')
})

test.each(rows)('%s, %s, with a time that is over', (phase, _maker, part, duty) => {
  const lasting = (ttl: string): ClusterRecord =>
    fakeRecord(
      {},
      { phase, ...part, spec: { ...spec, ttl }, ...(part.desiredSpec && { desiredSpec: { ...spec, ttl } }) },
    )
  expect(dutyTo(lasting('2h'), now)).toBe(phase === 'Kept' ? duty : 'delete')
  expect(dutyTo(lasting('2h1s'), now)).toBe(duty)
})
