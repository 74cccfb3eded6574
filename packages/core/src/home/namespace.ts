import { defaultNamespace } from '../names.js'
import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { labels, managedByKnest } from '../labels.js'
import { hasOtherClusters, holdsOnlyOwn, isMadeFor } from './own-objects.js'
import { purgeNamespace } from './purge-namespace.js'

export const namespaceKind: KindRef = { apiVersion: 'v1', kind: 'Namespace' }

/** Makes the cluster's own namespace; one that was asked for by name is only looked at. */
export async function ensureNamespace(api: KubeApi, ref: ClusterRef, signal: AbortSignal): Promise<void> {
  if (ref.namespace !== defaultNamespace(ref.name)) {
    const existing = await api.get(namespaceKind, ref.namespace, undefined, signal)
    if (existing !== undefined) return
  }
  await api.apply(namespaceObject(ref), { signal })
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

/**
 * Removes the namespace when knest made it for this cluster, and waits until it is gone; else gives false. It stays
 * for other clusters in it; and where there is no record any more, for whatever knest did not make. `letGo` takes
 * away what would keep its contents, once it is being deleted whatever becomes of this process.
 */
export async function removeNamespace(
  api: KubeApi,
  ref: ClusterRef,
  hasRecord: boolean,
  letGo: () => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const namespace = await api.get(namespaceKind, ref.namespace, undefined, signal)
  if (namespace === undefined || !isMadeFor(ref, namespace)) return false
  if (namespace.metadata.deletionTimestamp === undefined) {
    if (await hasOtherClusters(api, ref, signal)) return false
    if (!hasRecord && !(await holdsOnlyOwn(api, ref, signal))) return false
  }
  await deleteNamespace(api, ref.namespace, signal, letGo)
  return true
}

/** Deletes a namespace with all that is in it, and waits until it is gone. Absent is fine. */
export async function deleteNamespace(
  api: KubeApi,
  name: string,
  signal: AbortSignal,
  letGo: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await api.delete(namespaceKind, name, undefined, { signal })
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
