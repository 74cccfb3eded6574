import type { StoredKind } from './store.js'

const clusterWide: Readonly<Record<string, readonly string[]>> = {
  v1: ['Namespace', 'Node', 'PersistentVolume'],
  'storage.k8s.io/v1': ['StorageClass'],
  'networking.k8s.io/v1': ['ServiceCIDR'],
  'apiextensions.k8s.io/v1': ['CustomResourceDefinition'],
}
const namespaced: Readonly<Record<string, readonly string[]>> = {
  v1: ['Pod', 'Service', 'Secret', 'ConfigMap', 'Event', 'PersistentVolumeClaim', 'ServiceAccount'],
  'apps/v1': ['StatefulSet', 'DaemonSet', 'Deployment'],
  'coordination.k8s.io/v1': ['Lease'],
  'rbac.authorization.k8s.io/v1': ['RoleBinding'],
  'knest.dev/v1alpha1': ['NestedCluster'],
}
const withoutStatus = new Set([
  'Secret',
  'ConfigMap',
  'Event',
  'ServiceAccount',
  'Lease',
  'StorageClass',
  'RoleBinding',
])

const of = (
  table: Readonly<Record<string, readonly string[]>>,
  isClusterWide: boolean,
): readonly StoredKind[] =>
  Object.entries(table).flatMap(([apiVersion, kinds]) =>
    kinds.map((kind) => ({ apiVersion, kind, isClusterWide, hasStatus: !withoutStatus.has(kind) })),
  )

/** What the simulated host serves. */
export const hostKinds: readonly StoredKind[] = [...of(clusterWide, true), ...of(namespaced, false)]

export const kinds = {
  namespace: { apiVersion: 'v1', kind: 'Namespace' },
  node: { apiVersion: 'v1', kind: 'Node' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
  secret: { apiVersion: 'v1', kind: 'Secret' },
  service: { apiVersion: 'v1', kind: 'Service' },
  claim: { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  volume: { apiVersion: 'v1', kind: 'PersistentVolume' },
  statefulSet: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  roleBinding: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
  lease: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  crd: { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  cluster: { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' },
} as const
