import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { namespacedCollections } from '../kube/namespaced-collections.js'
import { clusterSelector, labels, managedByKnest } from '../labels.js'
import { objectNames } from '../names.js'
import { deleteFound, isMadeFor } from '../ownership.js'
import { nestedClusterKind } from './record.js'
import { hasAuthorities } from './secrets.js'

const serviceKind: KindRef = { apiVersion: 'v1', kind: 'Service' }
const secretKind: KindRef = { apiVersion: 'v1', kind: 'Secret' }

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
 * record, only those that say they are of one. `isMeant` is asked when they were found: a record is made before them.
 */
export async function removeOwnObjects(
  api: KubeApi,
  ref: ClusterRef,
  hasRecord: boolean,
  signal: AbortSignal,
  isMeant: () => Promise<boolean> = () => Promise.resolve(true),
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
  if (!(await isMeant())) return
  const isOwn = hasRecord ? isMadeFor : isOfRecord
  await Promise.all(
    found
      .filter(({ object }) => isOwn(ref, object))
      .map(({ kind, object }) => deleteFound(api, kind, object, { signal })),
  )
}

/**
 * Of objects that are there under names that those of the cluster would have, by what was to be made: those that knest
 * did not make, as in `Service "a-api"`. Pure.
 */
export function foreignObjects(
  ref: ClusterRef,
  there: ReadonlyMap<KubeObject, KubeObject>,
): readonly string[] {
  const isForeign = ([{ kind, metadata }, found]: readonly [KubeObject, KubeObject]): boolean => {
    // The namespace is the user's own choice, and a cluster is whoever's who declared it.
    if (kind === 'Namespace' || kind === nestedClusterKind.kind) return false
    if (kind === 'Lease') return found.metadata.labels?.[labels.managedBy] !== managedByKnest
    // Keys of one's own may be there before.
    if (metadata.name === objectNames.pkiSecret(ref.name) && hasAuthorities(found)) return false
    return !isMadeFor(ref, found)
  }
  return [...there].filter(isForeign).map(([{ kind, metadata }]) => `${kind} "${metadata.name}"`)
}

/** Names of the clusters in the namespace other than this one. */
export async function otherClusters(
  api: KubeApi,
  { name, namespace }: ClusterRef,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await api.list(nestedClusterKind, { namespace, signal }).catch((error: unknown) => {
    // Without the kind there are no clusters.
    if (error instanceof KnestError && error.code === 'not-found') return []
    throw error
  })
  return found.map(({ metadata }) => metadata.name).filter((each) => each !== name)
}

/** What every namespace has. Endpoints and Leases say nothing: what they are of does. */
const ofEveryNamespace: Readonly<Record<string, RegExp>> = {
  configmaps: /^(kube-root-ca\.crt|openshift-service-ca\.crt|istio-ca-root-cert)$/,
  serviceaccounts: /^(default|builder|deployer)$/,
  events: /^/,
  endpoints: /^/,
  leases: /^/,
}
/** Requests at a time. */
const lanes = 4
const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json'

/**
 * What is in the namespace that was not made for this cluster, as in `configmaps "mine"`; undefined when not all of
 * it can be seen.
 */
export function othersIn(
  api: KubeApi,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const isOwn: IsOwn = (item, path) =>
    isMadeFor(ref, item) || (path.includes('/apis/knest.dev/') && item.metadata.name === ref.name)
  return foreignIn(api, ref.namespace, isOwn, signal)
}

type IsOwn = (item: Pick<KubeObject, 'metadata'>, path: string) => boolean

/** The same of any namespace: what is neither `isOwn` nor what every namespace has. */
export async function foreignIn(
  api: KubeApi,
  namespace: string,
  isOwn: IsOwn,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const paths = await namespacedCollections(api, namespace, signal)
  if (paths === undefined) return undefined
  const seen: (readonly string[] | undefined)[] = []
  const left = paths.values()
  const lane = async (): Promise<void> => {
    for (const path of left) seen.push(await othersAt(api, isOwn, path, signal))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const found = seen.flatMap((others) => others ?? []).sort()
  return found.length > 0 || !seen.includes(undefined) ? found : undefined
}

async function othersAt(
  api: KubeApi,
  isOwn: IsOwn,
  path: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const resource = path.split('/').at(-1) ?? ''
  const { status, body } = await api.raw(path, signal, { method: 'GET', accept: metadataOnly })
  if (status === 404) return []
  if (status !== 200) return undefined
  const { items } = JSON.parse(body) as { readonly items?: readonly Pick<KubeObject, 'metadata'>[] | null }
  return (items ?? [])
    .filter(
      (item) =>
        !isOwn(item, path) &&
        // Its owner is looked at itself.
        (item.metadata.ownerReferences ?? []).length === 0 &&
        ofEveryNamespace[resource]?.test(item.metadata.name) !== true &&
        item.metadata.annotations?.['kubernetes.io/service-account.name'] === undefined,
    )
    .map(({ metadata }) => `${resource} "${metadata.name}"`)
}
