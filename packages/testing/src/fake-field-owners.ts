import { isDeepStrictEqual } from 'node:util'
import type { KubeObject, ObjectMeta } from '@knest/core'

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

/** The object after a forced apply of `wanted`; `owners` say so afterwards. Shares with both what did not change. */
export function applyFields(
  current: KubeObject | undefined,
  wanted: KubeObject,
  owners: FieldOwners,
): KubeObject {
  let next = (current ?? wanted) as Tree
  const leaves = leavesOf(wanted)
  const before = current === undefined ? new Map<string, unknown>() : leavesOf(current)
  for (const path of [...owners.applied].filter((each) => !leaves.has(each))) {
    owners.applied.delete(path)
    if (!owners.written.has(path)) next = withoutAt(next, pathOf(path))
  }
  for (const [path, value] of leaves) {
    const isSame = before.has(path) && isDeepStrictEqual(before.get(path), value)
    if (!isSame) owners.written.delete(path)
    owners.applied.add(path)
    if (!isSame && current !== undefined) next = withAt(next, pathOf(path), value)
  }
  return next as KubeObject
}

/** Notes that somebody has written `next` by another way than an apply. */
export function noteWritten(current: KubeObject | undefined, next: KubeObject, owners: FieldOwners): void {
  const before = current === undefined ? new Map<string, unknown>() : leavesOf(current, next)
  const after = leavesOf(next, current)
  for (const path of before.keys()) {
    if (after.has(path)) continue
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

/** By their paths as JSON. Leaves out what is the very same in `other`. */
function leavesOf(object: KubeObject, other?: KubeObject): Leaves {
  const found = new Map<string, unknown>()
  const visit = (value: unknown, path: string, also: unknown): void => {
    if (value === also && value !== undefined) return
    const names = isTree(value) ? Object.keys(value) : []
    if (names.length === 0) found.set(`[${path}]`, value)
    for (const name of names)
      visit((value as Tree)[name], `${path},${JSON.stringify(name)}`, isTree(also) ? also[name] : undefined)
  }
  for (const [name, value] of Object.entries(object)) {
    if (name === 'metadata')
      for (const [part, inner] of Object.entries(object.metadata)) {
        if (ownable.has(part))
          visit(inner, `"metadata",${JSON.stringify(part)}`, other?.metadata[part as keyof ObjectMeta])
      }
    else if (!identity.has(name)) visit(value, JSON.stringify(name), (other as Tree | undefined)?.[name])
  }
  return found
}

function pathOf(text: string): readonly string[] {
  return JSON.parse(text) as readonly string[]
}

function withAt(tree: Tree, [name = '', ...rest]: readonly string[], value: unknown): Tree {
  const inner = tree[name]
  return { ...tree, [name]: rest.length === 0 ? value : withAt(isTree(inner) ? inner : {}, rest, value) }
}

/** Takes what was around it along when nothing else is in it. */
function withoutAt(tree: Tree, [name = '', ...rest]: readonly string[]): Tree {
  const { [name]: child, ...others } = tree
  if (rest.length === 0) return others
  if (!isTree(child)) return tree
  const left = withoutAt(child, rest)
  return Object.keys(left).length > 0 ? { ...tree, [name]: left } : others
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
