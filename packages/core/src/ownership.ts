import type { ClusterRef } from './contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from './contracts/kubernetes.js'
import { KnestError } from './errors.js'
import { labels, managedByKnest } from './labels.js'

type Marked = Pick<KubeObject, 'metadata'>
type Deletion = Parameters<KubeApi['delete']>[3]

/** Whether knest made the object for this cluster. A cluster of `render --standalone` has no such mark. */
export function isMadeFor({ name }: Pick<ClusterRef, 'name'>, { metadata }: Marked): boolean {
  return metadata.labels?.[labels.managedBy] === managedByKnest && metadata.labels[labels.cluster] === name
}

/** Whether an object that is there carries the marks that knest gives the one it would apply. */
function isOwn(found: Marked, wanted: Marked): boolean {
  const marks = [labels.managedBy, labels.cluster]
  return marks.every((mark) => found.metadata.labels?.[mark] === wanted.metadata.labels?.[mark])
}

/**
 * Applies an object that knest makes. One of that name which somebody else made stays as it is, also when it comes
 * at the same moment: `already-exists`, naming it.
 */
export async function applyOwn(
  api: Pick<KubeApi, 'get' | 'apply'>,
  object: KubeObject,
  { signal }: { readonly signal: AbortSignal },
): Promise<KubeObject> {
  const { metadata } = object
  const found = await api.get(object, metadata.name, metadata.namespace, signal)
  if (found !== undefined && !isOwn(found, object)) throw foreign([object])
  try {
    if (found === undefined) return await api.apply(object, { signal, force: false })
    const { uid } = found.metadata
    return await api.apply({ ...object, metadata: { ...metadata, ...(uid && { uid }) } }, { signal })
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'conflict') throw error
    const now = await api.get(object, metadata.name, metadata.namespace, signal)
    throw now === undefined || isOwn(now, object) ? error : foreign([object])
  }
}

/** Throws, before anything is applied, when somebody else made one of these objects: names all of them. */
export async function refuseForeign(
  api: Pick<KubeApi, 'get'>,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  const found = await Promise.all(
    objects.map(async (object) => {
      const there = await api.get(object, object.metadata.name, object.metadata.namespace, signal)
      return there === undefined || isOwn(there, object) ? [] : [object]
    }),
  )
  if (found.flat().length > 0) throw foreign(found.flat())
}

/** Deletes an object that knest made for the cluster, and no other of its name. Gives whether there was one. */
export async function deleteOwn(
  api: Pick<KubeApi, 'get' | 'delete'>,
  cluster: ClusterRef,
  kind: KindRef,
  name: string,
  options: Omit<Deletion, 'preconditions'>,
): Promise<boolean> {
  const found = await api.get(kind, name, cluster.namespace, options.signal)
  return found !== undefined && isMadeFor(cluster, found) && deleteFound(api, kind, found, options)
}

/** Deletes this very object, and no other that has its name by now. Gives whether it was there. */
export async function deleteFound(
  api: Pick<KubeApi, 'delete'>,
  kind: KindRef,
  { metadata: { name, namespace, uid } }: Marked,
  options: Omit<Deletion, 'preconditions'>,
): Promise<boolean> {
  try {
    return await api.delete(kind, name, namespace, {
      ...options,
      ...(uid !== undefined && { preconditions: { uid } }),
    })
  } catch (error) {
    if (error instanceof KnestError && error.code === 'conflict') return false
    throw error
  }
}

/** As in `Service "a-api" in namespace "team"`. */
function described({ kind, metadata: { name, namespace } }: KubeObject): string {
  return `${kind} "${name}"${namespace === undefined ? '' : ` in namespace "${namespace}"`}`
}

function foreign(objects: readonly KubeObject[]): KnestError {
  const [verb, them] = objects.length === 1 ? ['is', 'it'] : ['are', 'them']
  return new KnestError(
    'already-exists',
    `${objects.map(described).join(', ')} ${verb} there already, and knest did not make ${them}`,
    {
      hint: `knest leaves ${them} alone: remove or rename ${them} if ${them === 'it' ? 'it is' : 'they are'} not needed, or choose another name or namespace`,
    },
  )
}
