import { KnestError, mergePatch } from '@knest/core'
import type { KindRef, KubeApi, KubeObject, ListOptions, ObjectMeta } from '@knest/core'
import { waitForObjects } from './fake-wait.js'

type Stored = KubeObject & { readonly metadata: ObjectMeta & { readonly resourceVersion: string } }

export interface FakeKubeApi extends KubeApi {
  /** Calls back after every change: an object as it is now, or the last state of a deleted one. */
  onChange(listener: (object: KubeObject, deleted: boolean) => void): void
}

/**
 * Stands in for the objects of a Kubernetes API: a map in memory with resource versions, so that two
 * clients that race see what they would see of a real one. Serves the kinds it is told, in any
 * namespace; runs nothing and checks no schema. Selectors may ask for labels and `metadata.name`.
 */
export function createFakeKubeApi(kinds: readonly KindRef[]): FakeKubeApi {
  const objects = new Map<string, Stored>()
  const listeners = new Set<(object: KubeObject, deleted: boolean) => void>()
  const waiting = new Set<() => void>()
  let counter = 0

  const changed = (object: KubeObject, deleted: boolean): void => {
    for (const listener of listeners) listener(structuredClone(object), deleted)
    for (const look of [...waiting]) look()
  }

  const key = (kind: KindRef, name: string, namespace: string | undefined): string => {
    if (!kinds.some((known) => known.apiVersion === kind.apiVersion && known.kind === kind.kind))
      throw new KnestError('not-found', `memory has no kind "${kind.kind}" of ${kind.apiVersion}`)
    return `${kind.apiVersion} ${kind.kind} ${namespace ?? ''}/${name}`
  }
  const at = ({ apiVersion, kind, metadata }: KubeObject): string =>
    key({ apiVersion, kind }, metadata.name, metadata.namespace)
  const store = (place: string, object: KubeObject): KubeObject => {
    counter += 1
    const uid = objects.get(place)?.metadata.uid ?? `uid-${counter}`
    const metadata = { ...object.metadata, uid, resourceVersion: String(counter) }
    const stored = structuredClone({ ...object, metadata })
    objects.set(place, stored)
    changed(stored, false)
    return structuredClone(stored)
  }
  const find = (
    kind: KindRef,
    { namespace, labelSelector, fieldSelector }: Omit<ListOptions, 'signal'>,
  ): readonly KubeObject[] => {
    key(kind, '', '')
    const name = /^metadata\.name=(.+)$/.exec(fieldSelector ?? '')?.[1]
    return [...objects.values()]
      .filter((object) => object.apiVersion === kind.apiVersion && object.kind === kind.kind)
      .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
      .filter(({ metadata }) => name === undefined || metadata.name === name)
      .filter(({ metadata }) => matches(metadata.labels ?? {}, labelSelector))
      .map((object) => structuredClone(object))
  }
  /** Answers after a turn of the event loop, so that concurrent callers interleave. */
  const answer = async <T>(work: () => T): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve))
    return work()
  }

  return {
    description: 'memory',
    apply: (object, { dryRun }) =>
      answer(() => (dryRun === true ? object : store(at(object), { ...objects.get(at(object)), ...object }))),
    create: (object, { dryRun }) =>
      answer(() => {
        const place = at(object)
        if (objects.has(place)) throw new KnestError('already-exists', `${place} exists`)
        return dryRun === true ? object : store(place, object)
      }),
    replace: (object) =>
      answer(() => {
        const place = at(object)
        const current = objects.get(place)
        if (current === undefined) throw new KnestError('not-found', `there is no ${place}`)
        const seen = object.metadata.resourceVersion
        if (seen !== undefined && seen !== current.metadata.resourceVersion)
          throw new KnestError('conflict', `${place} was changed`)
        return store(place, object)
      }),
    get: (kind, name, namespace) =>
      answer(() => structuredClone(objects.get(keyOrNothing(kind, name, namespace)))),
    list: (kind, options) => answer(() => find(kind, options)),
    delete: (kind, name, namespace, { preconditions }) =>
      answer(() => {
        const place = keyOrNothing(kind, name, namespace)
        const current = objects.get(place)
        if (current === undefined) return false
        const { uid, resourceVersion } = current.metadata
        if (
          (preconditions?.uid ?? uid) !== uid ||
          (preconditions?.resourceVersion ?? resourceVersion) !== resourceVersion
        )
          throw new KnestError('conflict', `${place} was changed`)
        objects.delete(place)
        changed(current, true)
        return true
      }),
    canI: () => Promise.resolve(true),
    patch: (kind, name, namespace, patch) =>
      answer(() => {
        const place = keyOrNothing(kind, name, namespace)
        const current = objects.get(place)
        if (current === undefined) throw new KnestError('not-found', `there is no ${place}`)
        return store(place, mergePatch(current, patch) as KubeObject)
      }),
    waitFor: async (kind, selector, done, options) => {
      await new Promise((resolve) => setImmediate(resolve))
      return waitForObjects(() => find(kind, selector), waiting, done, options)
    },
    raw: () => Promise.resolve({ status: 404, body: '' }),
    onChange: (listener) => void listeners.add(listener),
    exec: unsupported,
    terminal: unsupported,
    forward: unsupported,
    openStream: unsupported,
    close: () => undefined,
  }

  /** An unknown kind has no objects, as with a real API. */
  function keyOrNothing(kind: KindRef, name: string, namespace: string | undefined): string {
    try {
      return key(kind, name, namespace)
    } catch {
      return ''
    }
  }
}

/** Equalities and existence, with commas between. */
function matches(labels: Readonly<Record<string, string>>, selector: string | undefined): boolean {
  return (selector ?? '')
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [name = '', value] = part.split('=')
      return value === undefined ? labels[name] !== undefined : labels[name] === value
    })
}

function unsupported(): Promise<never> {
  return Promise.reject(new Error('the fake Kubernetes API only stores objects'))
}
