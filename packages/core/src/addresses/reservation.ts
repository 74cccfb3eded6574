import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeObject } from '../contracts/kubernetes.js'
import { labels, managedByKnest } from '../labels.js'
import { formatAddress, parseAddress } from '../network/index.js'

/** An address that a node of a cluster has for as long as it lives. */
export interface StoredReservation {
  readonly address: number
  readonly mac: string
  readonly cluster: ClusterRef
  readonly node: string
  /** Of the stored object; changes when somebody takes the claim over. */
  readonly version: string
}

export const leaseKind: KindRef = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }

/**
 * One namespace for the claims of all clusters: their name is the address, and that the API server
 * never makes two objects of one name is what keeps two clusters from having the same address.
 */
export const reservationNamespace = 'kube-system'

const addressLabel = 'knest.dev/address'
const namespaceLabel = 'knest.dev/cluster-namespace'
const macAnnotation = 'knest.dev/mac'

export const allReservations = `${addressLabel},${labels.managedBy}=${managedByKnest}`

export function reservationsOf({ name, namespace }: ClusterRef): string {
  return `${allReservations},${labels.cluster}=${name},${namespaceLabel}=${namespace}`
}

export function reservationName(address: number): string {
  return `knest-address-${formatAddress(address)}`
}

export function reservationObject(reservation: Omit<StoredReservation, 'version'>, now: Date): KubeObject {
  const { cluster, node, address, mac } = reservation
  return {
    ...leaseKind,
    metadata: {
      name: reservationName(address),
      namespace: reservationNamespace,
      labels: {
        [addressLabel]: formatAddress(address),
        [labels.managedBy]: managedByKnest,
        [labels.cluster]: cluster.name,
        [namespaceLabel]: cluster.namespace,
        [labels.node]: node,
      },
      annotations: { [macAnnotation]: mac },
    },
    spec: {
      holderIdentity: `${cluster.namespace}/${cluster.name}/${node}`,
      acquireTime: microTime(now),
      renewTime: microTime(now),
    },
  }
}

/** Said again by its owner: nobody who saw it before can take it away as orphaned. */
export function renewed(object: KubeObject, now: Date): KubeObject {
  return { ...object, spec: { ...(object.spec as object), renewTime: microTime(now) } }
}

/** Undefined for an object that is no claim. */
export function reservationFromObject({ metadata }: KubeObject): StoredReservation | undefined {
  const found = metadata.labels ?? {}
  const [address, name, namespace, node] = [addressLabel, labels.cluster, namespaceLabel, labels.node].map(
    (label) => found[label],
  )
  const mac = metadata.annotations?.[macAnnotation]
  if (address === undefined || name === undefined || namespace === undefined) return undefined
  if (node === undefined || mac === undefined) return undefined
  return {
    address: parseAddress(address),
    mac,
    cluster: { name, namespace },
    node,
    version: metadata.resourceVersion ?? '',
  }
}

export function isSameCluster(a: ClusterRef, b: ClusterRef): boolean {
  return a.name === b.name && a.namespace === b.namespace
}

/** Lease times are MicroTime: six digits. */
function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z')
}
