import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError, unlessForbidden } from '../errors.js'
import { labels, managedByKnest } from '../labels.js'
import { objectNames } from '../names.js'
import { deleteOwn } from '../ownership.js'
import { ownedBy } from './record.js'

export const roleBindingKind: KindRef = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' }

/** ServiceAccount of the controller, whether it is on the host or not. */
export const controllerAccount = { name: 'knest-controller', namespace: 'knest-system' } as const
/** ClusterRole with what it needs in the namespace of a nested cluster; bound there. */
export const clusterRoleName = 'knest-cluster'

/**
 * Lets the controller work in the namespace of this cluster. One for each cluster, so that it goes with it: with
 * the record where there is one already, else when the controller or a command deletes the cluster.
 */
export function controllerBinding(ref: ClusterRef, uid?: string): KubeObject {
  return {
    ...roleBindingKind,
    metadata: {
      name: objectNames.controllerBinding(ref.name),
      namespace: ref.namespace,
      labels: {
        'app.kubernetes.io/name': controllerAccount.name,
        [labels.cluster]: ref.name,
        [labels.managedBy]: managedByKnest,
      },
      ...(uid === undefined ? {} : { ownerReferences: [ownedBy(ref.name, uid)] }),
    },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRoleName },
    subjects: [{ kind: 'ServiceAccount', ...controllerAccount }],
  }
}

/** Whether it gives the controller what its binding does, whoever made it and whatever labels it has. */
export function bindsController({ roleRef, subjects }: KubeObject): boolean {
  const wanted = controllerBinding({ name: '', namespace: '' })
  return JSON.stringify([roleRef, subjects]) === JSON.stringify([wanted.roleRef, wanted.subjects])
}

/** What stands under its name and is none; nothing where this user may not look. */
export async function inPlaceOfBinding(
  api: KubeApi,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const name = objectNames.controllerBinding(ref.name)
  const found = await api.get(roleBindingKind, name, ref.namespace, signal).catch(unlessForbidden)
  return found !== undefined && bindsController(found) ? undefined : found
}

/** All such bindings of a host, for a list of RoleBindings. */
export const controllerBindings = `app.kubernetes.io/name=${controllerAccount.name},${labels.managedBy}=${managedByKnest},${labels.cluster}`

/** The last that the controller does in a namespace. One that this user may not take away goes with the record. */
export async function removeControllerBinding(
  api: KubeApi,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<void> {
  try {
    await deleteOwn(api, ref, roleBindingKind, objectNames.controllerBinding(ref.name), { signal })
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'not-permitted') throw error
  }
}
