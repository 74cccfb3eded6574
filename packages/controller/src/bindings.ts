import {
  applyOwn,
  bindsController,
  controllerBinding,
  controllerBindings,
  isMadeFor,
  KnestError,
  knestCommand,
  nestedClusterKind,
  roleBindingKind,
  unlessForbidden,
} from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject } from '@knest/core'
import { controllerName, controllerNamespace } from './names.js'

/** On the controller's Deployment: no namespace needs a binding. */
export const everywhereAnnotation = 'knest.dev/all-namespaces'

const deploymentKind: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' }

/**
 * Lets the controller of the host work in the namespace of this cluster; of one that is not there only if it is made
 * next, `isMadeNext`. Repeatable. Throws `not-permitted`.
 */
export async function bindController(
  api: KubeApi,
  ref: ClusterRef,
  signal: AbortSignal,
  isMadeNext = false,
): Promise<void> {
  const [deployment, cluster] = await Promise.all([
    api.get(deploymentKind, controllerName, controllerNamespace, signal),
    api.get(nestedClusterKind, ref.name, ref.namespace, signal),
  ])
  if (deployment?.metadata.annotations?.[everywhereAnnotation] === 'true') return
  const next = isMadeNext ? { ...nestedClusterKind, metadata: ref } : undefined
  const bound = cluster ?? next
  if (bound !== undefined) await bind(api, bound, signal)
}

/**
 * The same for all clusters of the host. What somebody else made in one namespace under the name of a binding keeps
 * no other cluster from being looked after: it is told with `warn`.
 */
export async function bindAll(
  api: KubeApi,
  signal: AbortSignal,
  warn: (text: string) => void,
): Promise<void> {
  for (const cluster of await api.list(nestedClusterKind, { signal })) {
    try {
      await bind(api, cluster, signal)
    } catch (error) {
      if (!(error instanceof KnestError) || error.code !== 'already-exists') throw error
      const again = knestCommand('host', 'install', 'controller')
      warn(
        `the controller may not look after cluster "${cluster.metadata.name}": ${error.message}; when it is removed, run ${again} again`,
      )
    }
  }
}

async function bind(api: KubeApi, { metadata }: KubeObject, signal: AbortSignal): Promise<void> {
  const { name, namespace = '', uid } = metadata
  const wanted = controllerBinding({ name, namespace }, uid)
  const found = await api.get(roleBindingKind, wanted.metadata.name, namespace, signal).catch(unlessForbidden)
  const isBound = found !== undefined && bindsController(found)
  // By whomever: that of somebody else goes as it came, and one of knest's with the cluster.
  if (isBound && (!isMadeFor({ name }, found) || isOwnedBy(found, uid))) return
  try {
    await applyOwn(api, wanted, { signal })
  } catch (error) {
    // Nothing comes into a namespace that is being deleted, nor where there is none any more.
    const isGoing =
      error instanceof KnestError &&
      (error.code === 'not-found' || error.message.includes('being terminated'))
    // Who may not change it need not: it binds all the same.
    const isNone = isBound && error instanceof KnestError && error.code === 'not-permitted'
    if (!isGoing && !isNone) throw error
  }
}

function isOwnedBy({ metadata: { ownerReferences = [] } }: KubeObject, uid: string | undefined): boolean {
  return ownerReferences.some((owner) => owner.uid === uid)
}

/** All that are there. Throws `not-permitted`. */
export async function bindingsOfAll(api: KubeApi, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const found = await api.list(roleBindingKind, { labelSelector: controllerBindings, signal })
  return found.map((binding) => ({ ...binding, ...roleBindingKind }))
}
