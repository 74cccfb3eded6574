import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../values/index.js'

interface Named {
  readonly name: string
}

/** Whose order says nothing, and to which others add. */
const sets: ReadonlySet<string> = new Set(['certSANs'])

/**
 * What is kept, with what changes between `from` and `to`, and with nothing else: what somebody has added by hand
 * stays. Doing it again changes nothing. Undefined: it is left out. Pure.
 */
export function withChange(kept: unknown, from: unknown, to: unknown, field = ''): unknown {
  if (isDeepStrictEqual(from, to)) return kept
  if ([kept, from, to].every(isRecordOrNone))
    return changedRecord(recordOf(kept), recordOf(from), recordOf(to))
  if ([kept, from, to].every(isNamedListOrNone)) return changedList(namedOf(kept), namedOf(from), namedOf(to))
  if (sets.has(field)) return changedSet(listOf(kept), listOf(from), listOf(to))
  return to
}

function changedRecord(
  kept: Readonly<Record<string, unknown>>,
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>,
): unknown {
  const names = new Set([...Object.keys(kept), ...Object.keys(to)])
  const entries = [...names].map(
    (name) => [name, withChange(kept[name], from[name], to[name], name)] as const,
  )
  return orNone(Object.fromEntries(entries.filter(([, value]) => value !== undefined)))
}

/** Of flags and the like, which go by their names; one name may be there several times. */
function changedList(kept: readonly Named[], from: readonly Named[], to: readonly Named[]): unknown {
  const of = (list: readonly Named[], name: string): readonly Named[] =>
    list.filter((each) => each.name === name)
  const isChanged = (name: string): boolean => !isDeepStrictEqual(of(from, name), of(to, name))
  return orNone([...kept.filter(({ name }) => !isChanged(name)), ...to.filter(({ name }) => isChanged(name))])
}

function changedSet(kept: readonly unknown[], from: readonly unknown[], to: readonly unknown[]): unknown {
  const stays = kept.filter((each) => to.includes(each) || !from.includes(each))
  return orNone([...new Set([...stays, ...to.filter((each) => !from.includes(each))])])
}

function orNone(value: object): object | undefined {
  return Object.keys(value).length === 0 ? undefined : value
}

const isNone = (value: unknown): boolean => value === undefined || value === null
const isRecordOrNone = (value: unknown): boolean => isNone(value) || isRecord(value)
const recordOf = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {})
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : []
const namedOf = (value: unknown): readonly Named[] => listOf(value) as readonly Named[]

function isNamedListOrNone(value: unknown): boolean {
  if (isNone(value)) return true
  return (
    Array.isArray(value) && value.every((each: unknown) => isRecord(each) && typeof each.name === 'string')
  )
}
