import type { KubeApi } from '../contracts/kubernetes.js'
import { namespacedCollections } from '../kube/namespaced-collections.js'
import { pause } from '../signals.js'

/** More than the grace period of a node or of the controller. */
const patience = 20_000
/** Requests at a time: each more would cost both sides a TLS handshake. */
const lanes = 4

type Emptied = 'empty' | 'deleting' | 'refused'

/**
 * Empties a namespace that is being deleted and takes the namespace controller's finalizer off, as that
 * controller does itself once it has waited 5 s (namespaceDeletionGracePeriod in Kubernetes). Nothing new can
 * come into such a namespace: a collection that is empty stays so. Gives false when something stays for longer
 * than `patienceMs` or a right is missing: then the controller finishes.
 */
export async function purgeNamespace(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
  patienceMs = patience,
): Promise<boolean> {
  const until = Date.now() + patienceMs
  let left = await namespacedCollections(api, namespace, signal)
  while (left !== undefined) {
    const emptied = await deleteEach(api, left, signal)
    if (emptied.some(([, state]) => state === 'refused')) return false
    left = emptied.filter(([, state]) => state === 'deleting').map(([path]) => path)
    if (left.length === 0) return finalize(api, namespace, signal)
    if (Date.now() > until) return false
    // What has finalizers or a grace period is gone a moment later; a watch of every kind would cost more.
    await pause(50, signal)
  }
  return false
}

async function deleteEach(
  api: KubeApi,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly (readonly [path: string, Emptied])[]> {
  const emptied: [string, Emptied][] = []
  const left = paths.values()
  const lane = async (): Promise<void> => {
    for (const path of left) emptied.push([path, await deleteAll(api, path, signal)])
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return emptied
}

async function deleteAll(api: KubeApi, path: string, signal: AbortSignal): Promise<Emptied> {
  const { status, body } = await api.raw(path, signal, { method: 'DELETE' })
  if (status === 404) return 'empty'
  if (status !== 200) return 'refused'
  const { items } = JSON.parse(body) as { items?: readonly unknown[] | null }
  return (items ?? []).length === 0 ? 'empty' : 'deleting'
}

async function finalize(api: KubeApi, namespace: string, signal: AbortSignal): Promise<boolean> {
  const path = `/api/v1/namespaces/${namespace}`
  const { status, body } = await api.raw(path, signal)
  if (status === 404) return true
  if (status !== 200) return false
  const object = JSON.parse(body) as { readonly spec?: object }
  const finalized = { ...object, spec: { ...object.spec, finalizers: [] } }
  const answer = await api.raw(`${path}/finalize`, signal, { method: 'PUT', body: finalized })
  return answer.status === 200 || answer.status === 404
}
