import type { ClusterRef } from '../contracts/cluster.js'
import type { HostKind, HostQuestion } from '../contracts/doctor.js'
import type { KindRef, KubeApi, ListOptions } from '../contracts/kubernetes.js'
import { clusterSelector, labels, managedByKnest } from '../labels.js'
import { objectNames } from '../names.js'
import { controllerAccount } from './controller-binding.js'
import { crdKind, crdName } from './crd.js'

const v1 = (kind: string): KindRef => ({ apiVersion: 'v1', kind })

type Question = readonly [HostKind, what: string, KindRef, Omit<ListOptions, 'signal'>]

/** Of every host. */
const ofHost: readonly Question[] = [
  ['nodes', 'nodes of the host', v1('Node'), {}],
  [
    'dnsEndpoints',
    'DNS of the host',
    { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
    { namespace: 'kube-system', labelSelector: 'kubernetes.io/service-name=kube-dns' },
  ],
  ['definitions', 'definition of NestedCluster', crdKind, { fieldSelector: `metadata.name=${crdName}` }],
  [
    'controllers',
    'controller of the host',
    { apiVersion: 'apps/v1', kind: 'Deployment' },
    {
      namespace: controllerAccount.namespace,
      fieldSelector: `metadata.name=${controllerAccount.name}`,
      labelSelector: `${labels.managedBy}=${managedByKnest}`,
    },
  ],
]

/** What doctor asks the host for, each for itself; with `ref`, of that cluster too. */
export function hostQuestions(api: KubeApi, ref: ClusterRef | undefined): readonly HostQuestion[] {
  const all = [...ofHost, ...(ref === undefined ? [nodeSets] : ofCluster(ref))]
  return all.map(([kind, what, of, options]) => ({
    kind,
    what,
    read: (signal) => api.list(of, { ...options, signal }),
  }))
}

const nodeSets: Question = [
  'nodeSets',
  'nodes of clusters on the host',
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { labelSelector: `${labels.managedBy}=${managedByKnest},${labels.node}` },
]

function ofCluster({ name, namespace }: ClusterRef): readonly Question[] {
  const ours = { namespace, labelSelector: clusterSelector(name) }
  return [
    [
      'storageClasses',
      'StorageClasses of the host',
      { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' },
      {},
    ],
    ['claims', 'claims of the cluster', v1('PersistentVolumeClaim'), ours],
    [
      'refusals',
      'events of the cluster',
      v1('Event'),
      { namespace, fieldSelector: 'involvedObject.kind=StatefulSet,reason=FailedCreate' },
    ],
    [
      'networkPolicies',
      'NetworkPolicies of the namespace',
      { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
      { namespace },
    ],
    [
      'locks',
      'lock of the cluster',
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
      { namespace, fieldSelector: `metadata.name=${objectNames.lease(name)}` },
    ],
  ]
}
