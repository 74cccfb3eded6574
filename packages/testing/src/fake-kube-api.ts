import { KnestError } from '@knest/core'
import type { KindRef, KubeApi, KubeObject, ObjectMeta } from '@knest/core'

type Stored = KubeObject & { readonly metadata: ObjectMeta & { readonly resourceVersion: string } }

/**
 * Stands in for the objects of a Kubernetes API: a map in memory with resource versions, so that two
 * clients that race see what they would see of a real one. Serves the kinds it is told, in any
 * namespace; runs nothing, watches nothing, checks no schema.
 */
export function createFakeKubeApi(kinds: readonly KindRef[]): KubeApi {
  const objects = new Map<string, Stored>()
  let counter = 0

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
    return structuredClone(stored)
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
    list: (kind, { namespace, labelSelector }) =>
      answer(() => {
        key(kind, '', '')
        return [...objects.values()]
          .filter((object) => object.apiVersion === kind.apiVersion && object.kind === kind.kind)
          .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
          .filter(({ metadata }) => matches(metadata.labels ?? {}, labelSelector))
          .map((object) => structuredClone(object))
      }),
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
        return objects.delete(place)
      }),
    canI: () => Promise.resolve(true),
    patch: unsupported,
    waitFor: unsupported,
    raw: unsupported,
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
