import type {
  ClusterCondition,
  ClusterPhase,
  ClusterRecord,
  ClusterRef,
  ClusterSpec,
} from '../contracts/cluster.js'
import type { KindRef, KubeObject, OwnerReference } from '../contracts/kubernetes.js'
import { labels, managedByKnest } from '../labels.js'
import { specFromObject, toManifest } from '../spec/index.js'

export const nestedClusterKind: KindRef = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }

/** Keeps the object of a cluster that a controller looks after until all of the cluster is gone. */
export const cleanupFinalizer = 'knest.dev/cleanup'

export function recordObject(ref: ClusterRef, spec: ClusterSpec): KubeObject {
  const manifest = toManifest(ref, spec)
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      labels: { [labels.cluster]: ref.name, [labels.managedBy]: managedByKnest },
    },
  }
}

export function recordFromObject(object: KubeObject): ClusterRecord {
  const { metadata } = object
  const status = object.status as
    { phase?: ClusterPhase; conditions?: readonly ClusterCondition[]; spec?: unknown } | undefined
  const asked = specFromObject(object)
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    ...(status?.spec === undefined
      ? { spec: asked }
      : { spec: specFromObject({ ...object, spec: status.spec }), wish: asked }),
    declared: metadata.labels?.[labels.managedBy] !== managedByKnest,
    deletedAt: metadata.deletionTimestamp,
    phase: metadata.deletionTimestamp === undefined ? (status?.phase ?? 'Creating') : 'Deleting',
    conditions: status?.conditions ?? [],
    createdAt: metadata.creationTimestamp ?? '',
    uid: metadata.uid ?? '',
    version: metadata.resourceVersion ?? '',
  }
}

/** Makes an object go when the cluster's record goes. */
export function ownedBy(cluster: string, uid: string): OwnerReference {
  return { ...nestedClusterKind, name: cluster, uid, controller: false, blockOwnerDeletion: false }
}
