import { isDeepStrictEqual } from 'node:util'
import { KnestError, mergePatch } from '@knest/core'
import type { KindRef, KubeObject, ListOptions, ObjectMeta } from '@knest/core'
import { applyFields, noOwners, noteWritten, type FieldOwners } from '../fake-field-owners.js'
import { fieldMatcher, labelMatcher } from '../fake-selectors.js'
import { keep } from './kept.js'

export interface StoredKind extends KindRef {
  readonly isClusterWide?: boolean
  /** Its `status` is written by the subresource alone. */
  readonly hasStatus?: boolean
}

/** Who writes: an operation of knest, a part of the host, or somebody at a keyboard. */
export interface Writer {
  readonly name: string
  /** It is knest: promises are about what these write. */
  readonly isKnest: boolean
}

export interface Change {
  readonly by: Writer
  /** Undefined for an object that was made. */
  readonly before: KubeObject | undefined
  readonly after: KubeObject
  readonly isGone: boolean
}

export interface StoreOptions {
  readonly kinds: readonly StoredKind[]
  readonly now: () => number
  readonly uid: () => string
  /** What the server fills in of a new object: addresses of Services. */
  readonly complete?: (object: KubeObject) => KubeObject
  /** Throws what the server has against a new object. */
  readonly admit?: (object: KubeObject) => void
  /** Whether somebody has to let go of a deleted object first; by default kubelet and controllers do of some kinds. */
  readonly isHeld?: (kind: string) => boolean
  /** False for a kind whose definition is not there. */
  readonly isServed?: (kind: KindRef) => boolean
}

interface Kept {
  readonly object: KubeObject
  readonly owners: FieldOwners
}

/**
 * The objects of an API server: versions and 409, owners of fields, generations, finalizers. What a server does on
 * its own (collecting what is orphaned, emptying namespaces) is done by those who listen to it.
 */
export class Store {
  readonly #objects = new Map<string, Kept>()
  /** The same, by kind. */
  readonly #byKind = new Map<string, Map<string, KubeObject>>()
  readonly #kinds: ReadonlyMap<string, StoredKind>
  readonly #listeners = new Set<(change: Change) => void>()
  readonly #options: StoreOptions
  #revision = 0

  constructor(options: StoreOptions) {
    this.#options = options
    this.#kinds = new Map(options.kinds.map((kind) => [kindOf(kind), kind]))
  }

  onChange(listener: (change: Change) => void): void {
    this.#listeners.add(listener)
  }

  get(kind: KindRef, name: string, namespace?: string): KubeObject | undefined {
    return this.#at(keyOf(kind, name, this.#known(kind)?.isClusterWide === true ? undefined : namespace))
      ?.object
  }

  /** Throws `not-found` for an unknown kind. */
  list(
    kind: KindRef,
    { namespace, labelSelector, fieldSelector }: Omit<ListOptions, 'signal'> = {},
  ): readonly KubeObject[] {
    this.#demand(kind)
    const hasLabels = labelMatcher(labelSelector)
    const hasFields = fieldMatcher(kind.kind, fieldSelector)
    const found: KubeObject[] = []
    for (const object of this.#byKind.get(kindOf(kind))?.values() ?? []) {
      if (namespace !== undefined && object.metadata.namespace !== namespace) continue
      if (hasLabels(object.metadata.labels ?? {}) && hasFields(object)) found.push(object)
    }
    return found
  }

  /** Kinds that are served now. */
  served(): readonly StoredKind[] {
    return [...this.#kinds.values()].filter((kind) => this.#options.isServed?.(kind) !== false)
  }

  all(): readonly KubeObject[] {
    return [...this.#objects.values()].map(({ object }) => object)
  }

  create(by: Writer, object: KubeObject, dryRun = false): KubeObject {
    const key = this.#keyOf(object)
    if (this.#objects.has(key)) throw new KnestError('already-exists', `${key} already exists`)
    const next = this.#completed(undefined, object, false)
    if (dryRun) return next
    const owners = noOwners()
    noteWritten(undefined, next, owners)
    return this.#store(by, key, next, owners)
  }

  replace(by: Writer, object: KubeObject): KubeObject {
    const key = this.#keyOf(object)
    return this.#write(by, key, this.#existing(key), object, false)
  }

  patch(
    by: Writer,
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    patch: unknown,
    subresource?: string,
  ): KubeObject {
    this.#demand(kind)
    const key = keyOf(kind, name, this.#known(kind)?.isClusterWide === true ? undefined : namespace)
    const kept = this.#existing(key)
    const { metadata, status } = patch as Partial<KubeObject>
    guard(key, kept.object, metadata ?? {})
    const merged = mergePatch(withoutVersion(kept.object), subresource === 'status' ? { status } : patch)
    return this.#write(by, key, kept, merged as KubeObject, subresource === 'status')
  }

  apply(by: Writer, object: KubeObject, dryRun = false): KubeObject {
    const key = this.#keyOf(object)
    const kept = this.#at(key)
    if (kept !== undefined) guard(key, kept.object, object.metadata)
    const owners = kept === undefined ? noOwners() : copyOwners(kept.owners)
    const merged = applyFields(kept?.object, withContainers(kept?.object, copy(object)), owners)
    const next = this.#completed(kept?.object, withoutVersion(merged), false)
    return dryRun ? next : this.#store(by, key, next, owners)
  }

  /** False when there is none. */
  delete(
    by: Writer,
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    meant: Partial<ObjectMeta> = {},
    graceSeconds?: number,
  ): boolean {
    const key = keyOf(kind, name, this.#known(kind)?.isClusterWide === true ? undefined : namespace)
    const kept = this.#at(key)
    if (kept === undefined) return false
    guard(key, kept.object, meant)
    const { deletionTimestamp = this.#time(), ...rest } = kept.object.metadata
    // A kubelet lets go of its pods; a namespace goes when it is empty.
    const isHeld = graceSeconds !== 0 && this.#isHeldKind(kept.object.kind)
    const metadata = { ...rest, deletionTimestamp, ...(isHeld ? {} : { deletionGracePeriodSeconds: 0 }) }
    this.#store(by, key, { ...kept.object, metadata }, kept.owners)
    return true
  }

  /** Takes an object away that its keeper has let go of. */
  letGo(by: Writer, { apiVersion, kind, metadata }: KubeObject): void {
    const kept = this.#at(keyOf({ apiVersion, kind }, metadata.name, metadata.namespace))
    if (kept === undefined || kept.object.metadata.uid !== metadata.uid) return
    const going = { deletionTimestamp: this.#time(), ...kept.object.metadata, deletionGracePeriodSeconds: 0 }
    this.#store(by, this.#keyOf(kept.object), { ...kept.object, metadata: going }, kept.owners)
  }

  #write(by: Writer, key: string, kept: Kept, sent: KubeObject, writesStatus: boolean): KubeObject {
    guard(key, kept.object, sent.metadata)
    const next = this.#completed(kept.object, sent, writesStatus)
    const owners = copyOwners(kept.owners)
    noteWritten(kept.object, next, owners)
    return this.#store(by, key, next, owners)
  }

  #completed(current: KubeObject | undefined, sent: KubeObject, writesStatus: boolean): KubeObject {
    const { metadata: before } = current ?? {}
    const hasStatus = this.#known(sent)?.hasStatus === true
    const fresh = current === undefined ? (this.#options.complete?.(sent) ?? sent) : sent
    if (current === undefined) this.#options.admit?.(fresh)
    const metadata = {
      ...without(
        fresh.metadata,
        'resourceVersion',
        'deletionTimestamp',
        'generation',
        'uid',
        'creationTimestamp',
      ),
      uid: before?.uid ?? this.#options.uid(),
      creationTimestamp: before?.creationTimestamp ?? this.#time(),
      ...(before?.deletionTimestamp === undefined ? {} : { deletionTimestamp: before.deletionTimestamp }),
    }
    const status = hasStatus && !writesStatus ? { status: current?.status as unknown } : {}
    const next: KubeObject = copy<KubeObject>({ ...fresh, metadata, ...status })
    const isNewer = current === undefined || !isDeepStrictEqual(next.spec, current.spec)
    const generation = (before?.generation ?? 0) + (isNewer ? 1 : 0)
    return { ...next, metadata: { ...next.metadata, generation } }
  }

  #store(by: Writer, key: string, next: KubeObject, owners: FieldOwners): KubeObject {
    const before = this.#objects.get(key)?.object
    if (before !== undefined && isDeepStrictEqual(withoutVersion(before), withoutVersion(next))) return before
    this.#revision++
    const object = { ...next, metadata: { ...next.metadata, resourceVersion: String(this.#revision) } }
    const isGone = this.#isFree(object)
    if (isGone) this.#drop(key, object)
    else this.#put(key, object, owners)
    for (const listener of this.#listeners) listener({ by, before, after: object, isGone })
    return object
  }

  #put(key: string, object: KubeObject, owners: FieldOwners): void {
    this.#objects.set(key, { object, owners })
    const kind = kindOf(object)
    const ofKind = this.#byKind.get(kind) ?? new Map<string, KubeObject>()
    this.#byKind.set(kind, ofKind.set(key, object))
  }

  #drop(key: string, object: KubeObject): void {
    this.#objects.delete(key)
    this.#byKind.get(kindOf(object))?.delete(key)
  }

  #isHeldKind(kind: string): boolean {
    return this.#options.isHeld?.(kind) ?? heldKinds.has(kind)
  }

  #isFree({ kind, metadata }: KubeObject): boolean {
    if (metadata.deletionTimestamp === undefined || (metadata.finalizers ?? []).length > 0) return false
    return !this.#isHeldKind(kind) || Reflect.get(metadata, 'deletionGracePeriodSeconds') === 0
  }

  #known(kind: KindRef): StoredKind | undefined {
    return this.#kinds.get(kindOf(kind))
  }

  #demand(kind: KindRef): void {
    if (this.#known(kind) !== undefined && this.#options.isServed?.(kind) !== false) return
    throw new KnestError('not-found', `the server could not find the requested resource (${kind.kind})`)
  }

  #keyOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): string {
    this.#demand({ apiVersion, kind })
    if (!/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/.test(name))
      throw new KnestError('config', `name "${name}" is invalid`)
    return keyOf({ apiVersion, kind }, name, namespace)
  }

  #at(key: string): Kept | undefined {
    return this.#objects.get(key)
  }

  #existing(key: string): Kept {
    const kept = this.#objects.get(key)
    if (kept === undefined) throw new KnestError('not-found', `there is no ${key}`)
    return kept
  }

  #time(): string {
    return new Date(this.#options.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }
}

/** Objects that stay until somebody has let go of them: kubelet, the namespace controller, claim protection. */
const heldKinds = new Set(['Pod', 'Namespace', 'PersistentVolumeClaim'])

function kindOf({ apiVersion, kind }: KindRef): string {
  return `${apiVersion} ${kind}`
}

function keyOf(kind: KindRef, name: string, namespace: string | undefined): string {
  return `${kindOf(kind)} ${namespace ?? ''}/${name}`
}

function copyOwners({ applied, written }: FieldOwners): FieldOwners {
  return { applied: new Set(applied), written: new Set(written) }
}

function copy<T extends KubeObject>(object: T): T {
  return keep(object) as T
}

function withoutVersion(object: KubeObject): KubeObject {
  return { ...object, metadata: without(object.metadata, 'resourceVersion') }
}

function without(metadata: ObjectMeta, ...fields: readonly (keyof ObjectMeta)[]): ObjectMeta {
  const left: Record<string, unknown> = { ...metadata }
  for (const field of fields) Reflect.deleteProperty(left, field)
  return left as unknown as ObjectMeta
}

/** Throws `conflict` when somebody means another state of the object, or another object. */
function guard(key: string, current: KubeObject, meant: Partial<ObjectMeta>): void {
  const { uid, resourceVersion } = current.metadata
  if ((meant.uid ?? uid) !== uid || (meant.resourceVersion ?? resourceVersion) !== resourceVersion)
    throw new KnestError('conflict', `the object has been modified: ${key}`)
}

type Containers = { readonly containers?: readonly { readonly name: string }[] } | undefined

/** The API merges the containers of a pod by their names: who applies an image leaves the environment as it is. */
function withContainers(current: KubeObject | undefined, wanted: KubeObject): KubeObject {
  const [there, applied] = [current, wanted].map((each) => (each?.spec as Containers)?.containers)
  if (wanted.kind !== 'Pod' || there === undefined || applied === undefined) return wanted
  const containers = applied.map((each) => ({ ...there.find(({ name }) => name === each.name), ...each }))
  return { ...wanted, spec: { ...(wanted.spec as object), containers } }
}
