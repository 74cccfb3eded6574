import { z } from 'zod'
import type { Problem } from '../errors.js'
import { nearest, orList } from './nearest.js'

export type Path = readonly PropertyKey[]

/** Where a value stands in a file, as in `cluster.yaml:7: `; empty when it came from elsewhere. */
export type Locate = (path: Path) => string

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly paths: readonly Path[] }

/** Checks shape and types; the problems say field, what was given and what is allowed. */
export function checkShape<T>(
  schema: z.ZodType<T>,
  value: unknown,
  options: { readonly prefix?: Path; readonly locate?: Locate } = {},
): Checked<T> {
  const result = schema.safeParse(value)
  if (result.success) return { ok: true, value: result.data }
  const problems: Problem[] = []
  const paths: Path[] = []
  for (const issue of result.error.issues) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined]
    for (const key of keys) {
      const path = key === undefined ? issue.path : [...issue.path, key]
      const where = options.locate?.(path) ?? ''
      const name = formatPath([...(options.prefix ?? []), ...path])
      const { message, hint } = explain(
        issue,
        key,
        name,
        valueAt(value, path),
        knownFields(schema, issue.path),
      )
      problems.push({ message: `${where}${message}`, hint, severity: 'error' })
      paths.push(path)
    }
  }
  return { ok: false, problems, paths }
}

function formatPath(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += text === '' ? String(part) : `.${String(part)}`
  }
  return text
}

function explain(
  issue: z.core.$ZodIssue,
  key: string | undefined,
  name: string,
  given: unknown,
  known: readonly string[],
): { message: string; hint: string } {
  if (key !== undefined) {
    const meant = nearest(key, known)
    return {
      message: `"${name}" is not a known field`,
      hint: meant === undefined ? `known here: ${known.join(', ')}` : `did you mean "${meant}"?`,
    }
  }
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String)
    const meant = nearest(String(given), allowed)
    return {
      message: `"${name}" is ${show(given)}, which is not known`,
      hint: `use ${orList(allowed)}${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    }
  }
  if (issue.code === 'invalid_type' && given === undefined) {
    return { message: `"${name}" is missing`, hint: `add it: ${kinds[issue.expected] ?? issue.expected}` }
  }
  if (issue.code === 'invalid_type') {
    return { message: `"${name}" is ${show(given)}`, hint: `give ${kinds[issue.expected] ?? issue.expected}` }
  }
  if (issue.code === 'invalid_union') {
    const expected = issue.errors.flat().flatMap((one) => (one.code === 'invalid_type' ? [one.expected] : []))
    const allowed = [...new Set(expected)].map((kind) => kinds[kind] ?? kind)
    return { message: `"${name}" is ${show(given)}`, hint: `give ${allowed.join(' or ')}` }
  }
  return { message: `"${name}" is not allowed: ${issue.message}`, hint: 'correct the value' }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text (quote it if it looks like a number)',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of fields',
  record: 'a group of fields',
}

function show(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a group of fields'
  if (typeof value === 'string') return `"${value}"`
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'missing'
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[part] : undefined,
    value,
  )
}

function knownFields(schema: z.ZodType, path: Path): string[] {
  let inner: unknown = schema
  for (const part of path) {
    inner = unwrap(inner)
    if (inner instanceof z.ZodObject) inner = (inner.shape as Record<PropertyKey, unknown>)[part]
    else if (inner instanceof z.ZodArray) inner = inner.element
    else return []
  }
  inner = unwrap(inner)
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema
}
