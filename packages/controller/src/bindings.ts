import {
  applyOwn,
  controllerBinding,
  controllerBindings,
  KnestError,
  nestedClusterKind,
  roleBindingKind,
} from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject } from '@knest/core'
import { controllerName, controllerNamespace } from './names.js'

/** On the controller's Deployment: no namespace needs a binding. */
export const everywhereAnnotation = 'knest.dev/all-namespaces'

const deploymentKind: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' }

/** Lets the controller of the host work in the namespace of this cluster. Repeatable. Throws `not-permitted`. */
export async function bindController(api: KubeApi, ref: ClusterRef, signal: AbortSignal): Promise<void> {
  const [deployment, cluster] = await Promise.all([
    api.get(deploymentKind, controllerName, controllerNamespace, signal),
    api.get(nestedClusterKind, ref.name, ref.namespace, signal),
  ])
  if (deployment?.metadata.annotations?.[everywhereAnnotation] === 'true') return
  if (cluster !== undefined) await bind(api, cluster, signal)
}

/** The same for all clusters of the host. */
export async function bindAll(api: KubeApi, signal: AbortSignal): Promise<void> {
  for (const cluster of await api.list(nestedClusterKind, { signal })) await bind(api, cluster, signal)
}

async function bind(api: KubeApi, { metadata }: KubeObject, signal: AbortSignal): Promise<void> {
  const { name, namespace = '', uid } = metadata
  const wanted = controllerBinding({ name, namespace }, uid)
  if (await isBound(api, wanted, signal)) return
  try {
    await applyOwn(api, wanted, { signal })
  } catch (error) {
    // Nothing comes into a namespace that is being deleted, nor where there is none any more.
    const isGoing =
      error instanceof KnestError &&
      (error.code === 'not-found' || error.message.includes('being terminated'))
    if (!isGoing) throw error
  }
}

/** By whomever, and as it is to be: who may only look need not be allowed to make it. */
async function isBound(api: KubeApi, wanted: KubeObject, signal: AbortSignal): Promise<boolean> {
  const { name, namespace, ownerReferences: [owner] = [] } = wanted.metadata
  const found = await api
    .get(roleBindingKind, name, namespace, signal)
    .catch((error: unknown) => unlessUnseen(error))
  return (
    found?.metadata.ownerReferences?.some(({ uid }) => uid === owner?.uid) === true &&
    JSON.stringify([found.roleRef, found.subjects]) === JSON.stringify([wanted.roleRef, wanted.subjects])
  )
}

function unlessUnseen(error: unknown): undefined {
  if (!(error instanceof KnestError) || error.code !== 'not-permitted') throw error
}

/** All that are there. Throws `not-permitted`. */
export async function bindingsOfAll(api: KubeApi, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const found = await api.list(roleBindingKind, { labelSelector: controllerBindings, signal })
  return found.map((binding) => ({ ...binding, ...roleBindingKind }))
}
