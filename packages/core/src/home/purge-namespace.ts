import { setTimeout as delay } from 'node:timers/promises'
import type { KubeApi } from '../contracts/kubernetes.js'

interface GroupList {
  readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[]
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string
    readonly namespaced: boolean
    /** Extension API servers written in Go send null for none. */
    readonly verbs: readonly string[] | null
  }[]
}

const maxRounds = 30

/** What every namespace of a cluster has: emptied while the host is still asked what else there can be. */
const usual = [
  ...[
    'configmaps',
    'endpoints',
    'events',
    'persistentvolumeclaims',
    'pods',
    'secrets',
    'services',
    'serviceaccounts',
  ].map((name) => ['/api/v1', name]),
  ...['controllerrevisions', 'statefulsets'].map((name) => ['/apis/apps/v1', name]),
  ['/apis/coordination.k8s.io/v1', 'leases'],
  ['/apis/discovery.k8s.io/v1', 'endpointslices'],
  ['/apis/knest.dev/v1alpha1', 'nestedclusters'],
]

/**
 * Empties a namespace that is being deleted and takes the namespace controller's finalizer off, as that
 * controller does itself once it has waited 5 s (namespaceDeletionGracePeriod in Kubernetes). Gives
 * false when something stays or a right is missing: then the controller finishes.
 */
export async function purgeNamespace(api: KubeApi, namespace: string, signal: AbortSignal): Promise<boolean> {
  const usualPaths = usual.map(([root = '', name = '']) => `${root}/namespaces/${namespace}/${name}`)
  const [collections] = await Promise.all([
    namespacedCollections(api, namespace, signal),
    // What becomes of these is seen in the rounds below.
    Promise.all(usualPaths.map((path) => deleteAll(api, path, signal))),
  ])
  for (let round = 0; round < maxRounds; round++) {
    const emptied = await Promise.all(collections.map((path) => deleteAll(api, path, signal)))
    if (emptied.includes('refused')) return false
    if (emptied.every((state) => state === 'empty')) return finalize(api, namespace, signal)
    // What has finalizers or a grace period is gone a moment later; a watch of every kind would cost more.
    await delay(50, undefined, { signal })
  }
  return false
}

/** Paths of everything that can be in the namespace and be deleted as a whole. */
async function namespacedCollections(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const groups = await readJson<GroupList>(api, '/apis', signal)
  const roots = [
    '/api/v1',
    ...(groups?.groups ?? []).map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`),
  ]
  const lists = await Promise.all(
    roots.map(async (root) => {
      const list = await readJson<ResourceList>(api, root, signal)
      const deletable = (list?.resources ?? []).filter(
        ({ namespaced, verbs }) => namespaced && (verbs ?? []).includes('deletecollection'),
      )
      return deletable.map(({ name }) => `${root}/namespaces/${namespace}/${name}`)
    }),
  )
  return lists.flat()
}

async function readJson<T>(api: KubeApi, path: string, signal: AbortSignal): Promise<T | undefined> {
  const { status, body } = await api.raw(path, signal)
  return status === 200 ? (JSON.parse(body) as T) : undefined
}

async function deleteAll(
  api: KubeApi,
  path: string,
  signal: AbortSignal,
): Promise<'empty' | 'deleting' | 'refused'> {
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
