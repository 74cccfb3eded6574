import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '@knest/core'

type Tree = Record<string, unknown>
type Leaves = ReadonlyMap<string, unknown>

/**
 * Who set which field, as the API remembers it for server-side apply: what an apply leaves out goes, unless
 * somebody else has set it too. There are two that set fields: those who apply, and those who write by any
 * other way. A list is one field here; the real API merges some lists by the keys of their entries.
 */
export interface FieldOwners {
  readonly applied: Set<string>
  readonly written: Set<string>
}

export function noOwners(): FieldOwners {
  return { applied: new Set(), written: new Set() }
}

/** The object after a forced apply of `wanted`; `owners` say so afterwards. */
export function applyFields(
  current: KubeObject | undefined,
  wanted: KubeObject,
  owners: FieldOwners,
): KubeObject {
  const next = structuredClone<Tree>({ ...(current ?? wanted) })
  const leaves = leavesOf(wanted)
  const before = current === undefined ? new Map<string, unknown>() : leavesOf(current)
  for (const path of [...owners.applied].filter((each) => !leaves.has(each))) {
    owners.applied.delete(path)
    if (!owners.written.has(path)) removeAt(next, pathOf(path))
  }
  for (const [path, value] of leaves) {
    if (!isDeepStrictEqual(before.get(path), value)) owners.written.delete(path)
    owners.applied.add(path)
    setAt(next, pathOf(path), value)
  }
  return next as KubeObject
}

/** Notes that somebody has written `next` by another way than an apply. */
export function noteWritten(current: KubeObject | undefined, next: KubeObject, owners: FieldOwners): void {
  const before = current === undefined ? new Map<string, unknown>() : leavesOf(current)
  const after = leavesOf(next)
  for (const path of [...before.keys()].filter((each) => !after.has(each))) {
    owners.applied.delete(path)
    owners.written.delete(path)
  }
  for (const [path, value] of after) {
    if (before.has(path) && isDeepStrictEqual(before.get(path), value)) continue
    owners.applied.delete(path)
    owners.written.add(path)
  }
}

/** Fields nobody owns: they say which object it is, or are the server's. */
const identity = new Set(['apiVersion', 'kind'])
const ownable = new Set(['labels', 'annotations', 'finalizers', 'ownerReferences'])

function leavesOf(object: KubeObject): Leaves {
  const found = new Map<string, unknown>()
  const visit = (value: unknown, path: readonly string[]): void => {
    if (isTree(value) && Object.keys(value).length > 0)
      for (const [name, inner] of Object.entries(value)) visit(inner, [...path, name])
    else found.set(JSON.stringify(path), value)
  }
  for (const [name, value] of Object.entries(object)) {
    if (name === 'metadata')
      for (const [part, inner] of Object.entries(object.metadata)) {
        if (ownable.has(part)) visit(inner, [name, part])
      }
    else if (!identity.has(name)) visit(value, [name])
  }
  return found
}

function pathOf(text: string): readonly string[] {
  return JSON.parse(text) as readonly string[]
}

function setAt(tree: Tree, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) tree[name] = structuredClone(value)
  else {
    const inner = tree[name]
    const child = isTree(inner) ? inner : {}
    tree[name] = child
    setAt(child, rest, value)
  }
}

/** Takes what was around it along when nothing else is in it. */
function removeAt(tree: Tree, [name = '', ...rest]: readonly string[]): void {
  const child = tree[name]
  if (rest.length > 0) {
    if (!isTree(child)) return
    removeAt(child, rest)
    if (Object.keys(child).length > 0) return
  }
  Reflect.deleteProperty(tree, name)
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
