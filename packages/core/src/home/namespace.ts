import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { labels, managedByKnest } from '../labels.js'
import { applyOwn, isMadeFor } from '../ownership.js'
import { otherClusters, othersIn } from './own-objects.js'
import { purgeNamespace } from './purge-namespace.js'

/** How many objects of others are named. */
const named = 3
export const namespaceKind: KindRef = { apiVersion: 'v1', kind: 'Namespace' }

/** Makes the cluster's namespace. One that knest did not make for this cluster stays as it is, whatever its name. */
export async function ensureNamespace(api: KubeApi, ref: ClusterRef, signal: AbortSignal): Promise<void> {
  try {
    await applyOwn(api, namespaceObject(ref), { signal })
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    if (error.code === 'already-exists') return
    // Who may not change it uses it as it is.
    const isThere = (): Promise<boolean> =>
      api.get(namespaceKind, ref.namespace, undefined, signal).then((found) => found !== undefined)
    if (error.code !== 'not-permitted' || !(await isThere())) throw error
  }
}

/** A cluster's own namespace; by its labels `removeNamespace` knows it again. */
export function namespaceObject(ref: ClusterRef): KubeObject {
  return {
    ...namespaceKind,
    metadata: {
      name: ref.namespace,
      labels: {
        [labels.cluster]: ref.name,
        [labels.managedBy]: managedByKnest,
        // A node is a privileged pod.
        'pod-security.kubernetes.io/enforce': 'privileged',
        'pod-security.kubernetes.io/warn': 'privileged',
        'pod-security.kubernetes.io/audit': 'privileged',
      },
    },
  }
}

/** What became of a cluster's namespace: it is gone, was never knest's to remove, or stays for a reason. */
export interface NamespaceEnd {
  readonly gone: boolean
  readonly why?: string
  /** Of the one that is gone: another of its name is not meant. */
  readonly uid?: string | undefined
}

/**
 * Removes the namespace when knest made it for this cluster, and waits until it is gone. It stays for other clusters
 * in it, for whatever knest did not make for this one, and when not all that is in it can be seen. `letGo` takes away
 * what would keep its contents, once it is being deleted whatever becomes of this process. `isMeant` is asked last.
 */
export async function removeNamespace(
  api: KubeApi,
  ref: ClusterRef,
  letGo: () => Promise<void>,
  signal: AbortSignal,
  isMeant: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<NamespaceEnd> {
  const end = await endOfNamespace(api, ref, signal)
  // That took its time.
  if (end.gone && !(await isMeant())) return { gone: false }
  if (end.gone) await deleteNamespace(api, ref.namespace, signal, letGo, end.uid)
  return end
}

/** What would become of it now. */
export async function endOfNamespace(
  api: KubeApi,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<NamespaceEnd> {
  const namespace = await api.get(namespaceKind, ref.namespace, undefined, signal)
  if (namespace === undefined || !isMadeFor(ref, namespace)) return { gone: false }
  const { uid, deletionTimestamp } = namespace.metadata
  if (deletionTimestamp !== undefined) return { gone: true, uid }
  const why = await whyItStays(api, ref, signal)
  return why === undefined ? { gone: true, uid } : { gone: false, why }
}

/** As in `namespace "a" stays: it has configmaps "mine"`; undefined when nothing speaks against its removal. */
async function whyItStays(api: KubeApi, ref: ClusterRef, signal: AbortSignal): Promise<string | undefined> {
  const stays = `namespace "${ref.namespace}" stays:`
  const clusters = await otherClusters(api, ref, signal)
  if (clusters.length > 0) return `${stays} it has cluster ${clusters.map((name) => `"${name}"`).join(', ')}`
  if (!(await api.canI({ verb: 'delete', resource: 'namespaces', namespace: ref.namespace }, signal)))
    return `${stays} you may not delete it`
  return staysFor(ref.namespace, await othersIn(api, ref, signal))
}

/** Why a namespace stays in which these objects of others are, undefined where they cannot all be seen. */
export function staysFor(namespace: string, others: readonly string[] | undefined): string | undefined {
  const stays = `namespace "${namespace}" stays:`
  if (others === undefined) return `${stays} not all that is in it can be seen from here`
  if (others.length === 0) return undefined
  const more = others.length > named ? `, and ${others.length - named} more` : ''
  return `${stays} it has ${others.slice(0, named).join(', ')}${more}, which knest did not make`
}

/** Deletes a namespace with all that is in it, and waits until it is gone. Absent is fine. */
export async function deleteNamespace(
  api: KubeApi,
  name: string,
  signal: AbortSignal,
  letGo: () => Promise<void> = () => Promise.resolve(),
  uid?: string,
): Promise<void> {
  try {
    const meant = uid === undefined ? {} : { preconditions: { uid } }
    await api.delete(namespaceKind, name, undefined, { signal, ...meant })
  } catch (error) {
    if (uid === undefined || !(error instanceof KnestError) || error.code !== 'conflict') throw error
    return
  }
  await letGo()
  await purgeNamespace(api, name, signal)
  await api.waitFor(
    namespaceKind,
    { fieldSelector: `metadata.name=${name}` },
    (found) => found.length === 0,
    {
      timeoutMs: 120_000,
      signal,
      awaited: `namespace "${name}" to be gone`,
      describe: (found) => namespaceConditions(found[0]),
    },
  )
}

function namespaceConditions(namespace: Readonly<Record<string, unknown>> | undefined): string {
  const status = namespace?.status as { conditions?: { status: string; message: string }[] } | undefined
  const pending = status?.conditions?.filter(({ status: value }) => value === 'True') ?? []
  return pending.map(({ message }) => message).join('; ') || 'still terminating'
}
