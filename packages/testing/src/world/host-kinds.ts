import type { KindRef } from '@knest/core'
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
/** What only a host with KubeVirt serves, and with CDI beside it. */
const ofVms: Readonly<Record<string, readonly string[]>> = {
  'kubevirt.io/v1': ['KubeVirt', 'VirtualMachine', 'VirtualMachineInstance'],
  'cdi.kubevirt.io/v1beta1': ['DataVolume'],
  'batch/v1': ['Job'],
}
/** What a host with Calico serves; all of it belongs to no namespace. */
const ofCalico: Readonly<Record<string, readonly string[]>> = {
  'crd.projectcalico.org/v1': ['IPPool', 'IPReservation', 'IPAMBlock'],
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

/** Kinds by what a host must have to serve them. */
export type Extra = 'kubevirt' | 'cdi' | 'calico'

/** What the simulated host serves. */
export const hostKinds: readonly StoredKind[] = [
  ...of(clusterWide, true),
  ...of(namespaced, false),
  ...of(ofVms, false),
  ...of(ofCalico, true),
]

/** What the host must have to serve a kind; undefined for what every host has. */
export function extraOf({ apiVersion }: KindRef): Extra | undefined {
  if (apiVersion in ofCalico) return 'calico'
  if (!(apiVersion in ofVms)) return undefined
  return apiVersion.startsWith('cdi.') ? 'cdi' : 'kubevirt'
}

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
  event: { apiVersion: 'v1', kind: 'Event' },
  job: { apiVersion: 'batch/v1', kind: 'Job' },
  vm: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' },
  vmi: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' },
  dataVolume: { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume' },
  ipPool: { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPPool' },
  ipReservation: { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPReservation' },
  ipamBlock: { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPAMBlock' },
  cluster: { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' },
} as const
