import { expect } from 'vitest'
import type { Reason } from '../reasons.js'
import { diagnose } from './diagnose.js'
import { snapshotOf, type Seen } from './fake-snapshot.js'

/** For tables: what is seen of a fault, and the one finding that names it. */
export type FaultRow = readonly [fault: string, seen: Seen, reason: Reason, object: string, remedy: RegExp]

export async function expectNamed([, seen, reason, about, remedy]: FaultRow): Promise<void> {
  const { findings } = diagnose(await snapshotOf(seen))
  expect(findings.map((each) => `${each.reason} ${each.object}`)).toEqual([`${reason} ${about}`])
  expect(findings[0]?.remedy).toMatch(remedy)
}
