import { isDeepStrictEqual } from 'node:util'
import { endedBy, KnestError, mergePatch } from '@knest/core'
import type { KindRef, KubeApi, KubeObject, ListOptions, ObjectMeta } from '@knest/core'
import { applyFields, noOwners, noteWritten, type FieldOwners } from './fake-field-owners.js'
import { fieldMatcher, labelMatcher } from './fake-selectors.js'
import { waitForObjects } from './fake-wait.js'

type Stored = KubeObject & { readonly metadata: ObjectMeta & { readonly resourceVersion: string } }

interface Kept {
  readonly object: Stored
  readonly owners: FieldOwners
}

export interface FakeKind extends KindRef {
  /** Its `status` is written by the subresource alone, as with most kinds of the real API. */
  readonly statusSubresource?: boolean
}

export interface FakeKubeApi extends KubeApi {
  /** Calls back after every change: an object as it is now, or the last state of a deleted one. */
  onChange(listener: (object: KubeObject, deleted: boolean) => void): void
}

/**
 * Stands in for the objects of a Kubernetes API: a map in memory with resource versions, owners of fields
 * and finalizers, so that clients that race see what they would see of a real one. Serves the kinds it is
 * told, in any namespace; runs nothing and checks of an object only its name. Passes the same contract
 * suite as the real one.
 */
export function createFakeKubeApi(kinds: readonly FakeKind[]): FakeKubeApi {
  const objects = new Map<string, Kept>()
  const listeners = new Set<(object: KubeObject, deleted: boolean) => void>()
  const waiting = new Set<() => void>()
  let counter = 0

  const changed = (object: KubeObject, deleted: boolean): void => {
    for (const listener of listeners) listener(copy(object), deleted)
    for (const look of [...waiting]) look()
  }
  const known = (kind: KindRef): FakeKind | undefined =>
    kinds.find(({ apiVersion, kind: name }) => apiVersion === kind.apiVersion && name === kind.kind)
  const key = (kind: KindRef, name: string, namespace: string | undefined): string => {
    if (known(kind) === undefined)
      throw new KnestError('not-found', `memory has no kind "${kind.kind}" of ${kind.apiVersion}`)
    return `${kind.apiVersion} ${kind.kind} ${namespace ?? ''}/${name}`
  }
  const at = ({ apiVersion, kind, metadata }: KubeObject): string =>
    key({ apiVersion, kind }, metadata.name, metadata.namespace)
  /** An unknown kind has no objects, as with a real API. */
  const keyOrNothing = (kind: KindRef, name: string, namespace: string | undefined): string =>
    known(kind) === undefined ? '' : key(kind, name, namespace)
  const existing = (place: string): Kept => {
    const kept = objects.get(place)
    if (kept === undefined) throw new KnestError('not-found', `there is no ${place}`)
    return kept
  }

  /** What the server makes of an object that somebody sent, before it is stored. */
  const completed = (place: string, sent: KubeObject, writesStatus: boolean): KubeObject => {
    const current = objects.get(place)?.object
    guard(place, current, sent.metadata)
    const { uid, creationTimestamp, deletionTimestamp } = current?.metadata ?? {}
    const metadata = {
      ...without(sent.metadata, 'resourceVersion', 'deletionTimestamp'),
      uid: uid ?? `uid-${++counter}`,
      creationTimestamp: creationTimestamp ?? new Date().toISOString(),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    }
    const status =
      known(sent)?.statusSubresource === true && !writesStatus ? { status: current?.status as unknown } : {}
    return copy({ ...sent, metadata, ...status })
  }
  const store = (place: string, next: KubeObject, owners: FieldOwners): KubeObject => {
    const current = objects.get(place)?.object
    if (current !== undefined && isDeepStrictEqual(withoutVersion(current), withoutVersion(next)))
      return copy(current)
    const stored = { ...next, metadata: { ...next.metadata, resourceVersion: String(++counter) } }
    const isGone =
      next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0
    if (isGone) objects.delete(place)
    else objects.set(place, { object: stored, owners })
    changed(stored, isGone)
    return copy(stored)
  }
  const write = (place: string, sent: KubeObject, writesStatus = false): KubeObject => {
    const { object: current, owners } = objects.get(place) ?? { object: undefined, owners: noOwners() }
    const next = completed(place, sent, writesStatus)
    noteWritten(current, next, owners)
    return store(place, next, owners)
  }

  const find = (
    kind: KindRef,
    { namespace, labelSelector, fieldSelector }: Omit<ListOptions, 'signal'>,
  ): readonly KubeObject[] => {
    key(kind, '', '')
    const hasLabels = labelMatcher(labelSelector)
    const hasFields = fieldMatcher(kind.kind, fieldSelector)
    return [...objects.values()]
      .map(({ object }) => object)
      .filter((object) => object.apiVersion === kind.apiVersion && object.kind === kind.kind)
      .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
      .filter((object) => hasLabels(object.metadata.labels ?? {}) && hasFields(object))
      .map(copy)
  }
  /** Answers after a turn of the event loop, so that concurrent callers interleave. */
  const answer = async <T>(signal: AbortSignal, work: () => T): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve))
    if (signal.aborted) throw endedBy(signal)
    return work()
  }

  return {
    description: 'memory',
    apply: (object, { signal, dryRun }) =>
      answer(signal, () => {
        const place = at(object)
        refuseName(object)
        const { object: current, owners } = objects.get(place) ?? { object: undefined, owners: noOwners() }
        guard(place, current, object.metadata)
        const changing = dryRun === true ? structuredClone(owners) : owners
        const merged = applyFields(current, copy(object), changing)
        const next = completed(place, withoutVersion(merged), false)
        return dryRun === true ? next : store(place, next, changing)
      }),
    create: (object, { signal, dryRun }) =>
      answer(signal, () => {
        const place = at(object)
        refuseName(object)
        if (objects.has(place)) throw new KnestError('already-exists', `${place} exists`)
        return dryRun === true ? completed(place, object, false) : write(place, object)
      }),
    replace: (object, { signal }) =>
      answer(signal, () => {
        const place = at(object)
        existing(place)
        return write(place, object)
      }),
    get: (kind, name, namespace, signal) =>
      answer(signal, () => {
        const kept = objects.get(keyOrNothing(kind, name, namespace))
        return kept === undefined ? undefined : copy(kept.object)
      }),
    list: (kind, options) => answer(options.signal, () => find(kind, options)),
    delete: (kind, name, namespace, { signal, preconditions = {} }) =>
      answer(signal, () => {
        const place = keyOrNothing(kind, name, namespace)
        const kept = objects.get(place)
        if (kept === undefined) return false
        const { object, owners } = kept
        guard(place, object, preconditions)
        const { deletionTimestamp = new Date().toISOString() } = object.metadata
        store(place, { ...object, metadata: { ...object.metadata, deletionTimestamp } }, owners)
        return true
      }),
    canI: (_access, signal) => answer(signal, () => true),
    patch: (kind, name, namespace, patch, { signal, subresource }) =>
      answer(signal, () => {
        const place = key(kind, name, namespace)
        const { object } = existing(place)
        if (subresource !== 'status') return write(place, patched(object, patch))
        const { status, metadata } = patch as Partial<KubeObject>
        guard(place, object, metadata ?? {})
        return write(place, patched(object, { status: status as unknown }), true)
      }),
    waitFor: async (kind, selector, done, options) => {
      await new Promise((resolve) => setImmediate(resolve))
      return waitForObjects(() => find(kind, selector), waiting, done, options)
    },
    raw: (path, signal) =>
      answer(signal, () =>
        path === '/readyz' ? { status: 200, body: 'ok' } : { status: 404, body: '404 page not found\n' },
      ),
    onChange: (listener) => void listeners.add(listener),
    exec: unsupported,
    terminal: unsupported,
    forward: unsupported,
    openStream: unsupported,
    close: () => undefined,
  }
}

/** As on the wire: what is undefined is not there. */
function copy<T extends KubeObject>(object: T): T {
  return JSON.parse(JSON.stringify(object)) as T
}

function withoutVersion(object: KubeObject): KubeObject {
  return copy({ ...object, metadata: without(object.metadata, 'resourceVersion') })
}

function without(metadata: ObjectMeta, ...fields: readonly (keyof ObjectMeta)[]): ObjectMeta {
  const left = Object.entries(metadata).filter(([field]) => !fields.includes(field as keyof ObjectMeta))
  return Object.fromEntries(left) as unknown as ObjectMeta
}

/** A patch that names no version takes any. */
function patched(object: KubeObject, patch: unknown): KubeObject {
  return mergePatch(withoutVersion(object), patch) as KubeObject
}

/** Throws `conflict` when somebody means another state of the object, or another object. */
function guard(
  place: string,
  current: KubeObject | undefined,
  meant: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
): void {
  if (current === undefined) return
  const { uid, resourceVersion } = current.metadata
  if ((meant.uid ?? uid) !== uid || (meant.resourceVersion ?? resourceVersion) !== resourceVersion)
    throw new KnestError('conflict', `${place} was changed`)
}

function refuseName({ metadata: { name } }: KubeObject): void {
  // Roles may have colons.
  if (!/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/.test(name))
    throw new KnestError('config', `memory: name "${name}" is invalid`)
}

function unsupported(): Promise<never> {
  return Promise.reject(new Error('the fake Kubernetes API only stores objects'))
}
