import type { ClusterSpec } from '../contracts/cluster.js'
import type { Problem } from '../errors.js'
import { canonical } from '../values/index.js'
import type { Path } from './schema-problems.js'
import { isRecord } from '../values/index.js'

/**
 * What earlier versions of v1alpha1 called fields, and what had another type. Files, NestedCluster objects and
 * records in that spelling keep being read, and objects can be written in it for a host that knows no other.
 */
interface Renamed {
  readonly group: readonly string[]
  readonly from: string
  readonly to: string
}

const renamed: readonly Renamed[] = [
  { group: ['network'], from: 'podCidr', to: 'podNetworkCidr' },
  { group: [], from: 'patches', to: 'hostPatches' },
]

/** Fields of `network` that are lists; text was, and is, taken for a list of what its commas separate. */
const ranges = ['podNetworkCidr', 'serviceCidr'] as const

/** A spec as JSON. */
export type SpecFields = Readonly<Record<string, unknown>>

type Fields = SpecFields

/** Something said of a field; `path` begins below the spec. */
export interface Found extends Problem {
  readonly path: Path
}

export interface Modernized {
  /** In today's spelling; what is wrong in other ways is left as it is. */
  readonly spec: unknown
  /** One for each old spelling. */
  readonly warnings: readonly Omit<Found, 'hint'>[]
  /** Fields given in both spellings. */
  readonly problems: readonly Found[]
  /** Where a field stands that is called otherwise today; the path begins with `spec`. */
  readonly writtenAs: (path: Path) => Path
}

/**
 * Gives a spec in today's spelling. Both spellings of one field are a mistake in a file; a stored object may have
 * both when they say the same, because a GitOps tool puts back the one that its manifest has.
 */
export function modernize(given: unknown, source: 'file' | 'stored'): Modernized {
  const warnings: Omit<Found, 'hint'>[] = []
  const problems: Found[] = []
  const used = new Map<string, string>()
  let spec = given
  for (const { group, from, to } of renamed) {
    const fields = fieldsAt(spec, group)
    if (fields === undefined || !(from in fields)) continue
    const { [from]: old, ...others } = fields
    const path = [...group, from]
    const [oldName, newName] = [path, [...group, to]].map((part) => `spec.${part.join('.')}`)
    if (!(to in others)) used.set(to, from)
    else if (source === 'file' || canonical(asList(old)) !== canonical(asList(others[to]))) {
      const message = `"${oldName}" and "${newName}" are both given; they are the old and the new name of one field`
      problems.push({ message, hint: `leave ${from} out`, severity: 'error', path })
    }
    const list = isRange(to) ? ', a list' : ''
    const message = `"${oldName}" is called "${newName}" now${list}; the old name is still read`
    warnings.push({ message, severity: 'warning', path })
    spec = replaceAt(spec, group, { ...others, [to]: others[to] ?? old })
  }
  const network = fieldsAt(spec, ['network'])
  if (network !== undefined) {
    const lists = ranges.filter((name) => name in network).map((name) => [name, asList(network[name])])
    spec = replaceAt(spec, ['network'], { ...network, ...(Object.fromEntries(lists) as Fields) })
  }
  const writtenAs = (path: Path): Path =>
    path.map((part, index) => (index > 2 ? part : (used.get(String(part)) ?? part)))
  return { spec, warnings, problems, writtenAs }
}

/** A record that was kept by this version or one before, as this one has it. */
export function modernSpec(recorded: unknown): ClusterSpec {
  return modernize(recorded, 'stored').spec as ClusterSpec
}

/** The spec as versions before wrote it, for a host that prunes the new names; undefined when it cannot be said so. */
export function oldSpelling(spec: Fields): Fields | undefined {
  const network = fieldsAt(spec, ['network'])
  if (network === undefined) return undefined
  const lists = ranges.map((name) => network[name])
  if (!lists.every((list) => Array.isArray(list) && list.length === 1)) return undefined
  const [podCidr, serviceCidr] = lists.map((list) => (list as readonly unknown[])[0])
  const { hostPatches, ...rest } = spec
  const others = Object.entries(network).filter(([name]) => name !== 'podNetworkCidr')
  return {
    ...rest,
    network: { ...Object.fromEntries(others), podCidr, serviceCidr },
    ...(hostPatches === undefined ? {} : { patches: hostPatches }),
  }
}

/** A merge patch that makes a stored spec this one, also where it was stored in the other spelling. */
export function specPatch(spec: Fields): Fields {
  return renamed.reduce<Fields>((patch, { group, from, to }) => {
    const fields = fieldsAt(patch, group)
    if (fields === undefined) return patch
    return replaceAt(patch, group, { [from in fields ? to : from]: null, ...fields })
  }, spec)
}

/**
 * The JSON schema of a spec with its old spellings, marked as deprecated. `textToo` are the ranges that may be text
 * under their name of today.
 */
export function withOldSpellings(schema: Fields, textToo: readonly string[] = ranges): Fields {
  let spec: unknown = schema
  for (const { group, from, to } of renamed) {
    const place = [...group.flatMap((part) => ['properties', part]), 'properties']
    const fields = fieldsAt(spec, place) ?? {}
    const today = isRange(to) ? { type: 'string' } : (fields[to] as Fields)
    const description = `Old name of ${to}`
    spec = replaceAt(spec, place, { ...fields, [from]: { ...today, deprecated: true, description } })
  }
  const place = ['properties', 'network', 'properties']
  const network = fieldsAt(spec, place) ?? {}
  const either = textToo.map((name) => {
    const { description, ...list } = network[name] as Fields
    return [name, { description, anyOf: [list, { type: 'string' }] }]
  })
  return replaceAt(spec, place, { ...network, ...(Object.fromEntries(either) as Fields) })
}

function isRange(name: string): boolean {
  return ranges.some((range) => range === name)
}

function asList(value: unknown): unknown {
  return typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value
}

function fieldsAt(value: unknown, group: readonly string[]): Fields | undefined {
  const at = group.reduce<unknown>((inner, part) => (isRecord(inner) ? inner[part] : undefined), value)
  return isRecord(at) ? at : undefined
}

function replaceAt(value: unknown, group: readonly string[], fields: Fields): Fields {
  const [first, ...rest] = group
  if (first === undefined) return fields
  const outer = isRecord(value) ? value : {}
  return { ...outer, [first]: replaceAt(outer[first], rest, fields) }
}
