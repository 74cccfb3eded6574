import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { namespacedCollections } from '../kube/namespaced-collections.js'
import { clusterSelector, labels, managedByKnest } from '../labels.js'
import { controlPlanePool, nodeName, objectNames } from '../names.js'
import { nestedClusterKind } from './record.js'

const serviceKind: KindRef = { apiVersion: 'v1', kind: 'Service' }
const secretKind: KindRef = { apiVersion: 'v1', kind: 'Secret' }

/** Whether knest made the object for this cluster. A cluster of `render --standalone` has no such mark. */
export function isMadeFor({ name }: ClusterRef, { metadata }: Pick<KubeObject, 'metadata'>): boolean {
  return metadata.labels?.[labels.managedBy] === managedByKnest && metadata.labels[labels.cluster] === name
}

/** Made by knest for a record: of a record that is gone, the host has not collected it yet. */
function isOfRecord(ref: ClusterRef, object: Pick<KubeObject, 'metadata'>): boolean {
  const { ownerReferences = [] } = object.metadata
  return (
    isMadeFor(ref, object) &&
    ownerReferences.some(({ kind, name }) => kind === nestedClusterKind.kind && name === ref.name)
  )
}

/**
 * Removes the Services and Secrets that knest made for this cluster, and no others of such names or labels. Without a
 * record, only those that say they are of one.
 */
export async function removeOwnObjects(
  api: KubeApi,
  ref: ClusterRef,
  hasRecord: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { namespace } = ref
  const { pkiSecret, sshSecret, kubeconfigSecret } = objectNames
  const names = [pkiSecret, sshSecret, kubeconfigSecret].map((nameOf) => nameOf(ref.name))
  const [services, ...secrets] = await Promise.all([
    api.list(serviceKind, { namespace, labelSelector: clusterSelector(ref.name), signal }),
    ...names.map((name) => api.get(secretKind, name, namespace, signal)),
  ])
  const found = [
    ...services.map((object) => ({ kind: serviceKind, object })),
    ...secrets.flatMap((object) => (object === undefined ? [] : [{ kind: secretKind, object }])),
  ]
  const isOwn = hasRecord ? isMadeFor : isOfRecord
  await Promise.all(
    found
      .filter(({ object }) => isOwn(ref, object))
      .map(({ kind, object: { metadata } }) => api.delete(kind, metadata.name, namespace, { signal })),
  )
}

/** Objects with names that those of the cluster would have, and that knest did not make. As in `Service "a-api"`. */
export async function foreignObjects(
  api: Pick<KubeApi, 'get'>,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const first = nodeName(ref.name, controlPlanePool, 0)
  const names: readonly (readonly [KindRef, string])[] = [
    [serviceKind, objectNames.apiService(ref.name)],
    [serviceKind, objectNames.nodesService(ref.name)],
    [serviceKind, first],
    [secretKind, objectNames.kubeconfigSecret(ref.name)],
    [{ apiVersion: 'apps/v1', kind: 'StatefulSet' }, first],
  ]
  const found = await Promise.all(
    names.map(async ([kind, name]) => {
      const object = await api.get(kind, name, ref.namespace, signal)
      return object === undefined || isMadeFor(ref, object) ? [] : [`${kind.kind} "${name}"`]
    }),
  )
  return found.flat()
}

/** Whether the namespace has clusters other than this one. */
export async function hasOtherClusters(
  api: KubeApi,
  { name, namespace }: ClusterRef,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await api.list(nestedClusterKind, { namespace, signal }).catch((error: unknown) => {
    // Without the kind there are no clusters.
    if (error instanceof KnestError && error.code === 'not-found') return []
    throw error
  })
  return found.some(({ metadata }) => metadata.name !== name)
}

/** What every namespace has. Endpoints and Leases say nothing: what they are of does. */
const ofEveryNamespace: Readonly<Record<string, RegExp>> = {
  configmaps: /^(kube-root-ca\.crt|openshift-service-ca\.crt)$/,
  serviceaccounts: /^(default|builder|deployer)$/,
  events: /^/,
  endpoints: /^/,
  leases: /^/,
}

/** Whether all that is in the namespace was made for this cluster. False also when not all of it can be seen. */
export async function holdsOnlyOwn(api: KubeApi, ref: ClusterRef, signal: AbortSignal): Promise<boolean> {
  const paths = await namespacedCollections(api, ref.namespace, signal)
  if (paths === undefined) return false
  for (const path of paths) {
    const resource = path.split('/').at(-1) ?? ''
    const { status, body } = await api.raw(path, signal)
    if (status === 404) continue
    if (status !== 200) return false
    const { items } = JSON.parse(body) as { readonly items?: readonly Pick<KubeObject, 'metadata'>[] | null }
    const isOwn = (item: Pick<KubeObject, 'metadata'>): boolean =>
      isMadeFor(ref, item) ||
      // Its owner is looked at itself.
      (item.metadata.ownerReferences ?? []).length > 0 ||
      ofEveryNamespace[resource]?.test(item.metadata.name) === true ||
      isAccountToken(item)
    if (!(items ?? []).every(isOwn)) return false
  }
  return true
}

function isAccountToken(item: object): boolean {
  return 'type' in item && item.type === 'kubernetes.io/service-account-token'
}
