import { applyOwn, deleteAddressObject, labels, managedByKnest, rangeToCidrs } from '@knest/core'
import type { AddressObject, AddressRange, ClusterRef, KubeApi, KubeObject } from '@knest/core'
import type { CalicoGroup } from './kinds.js'

/** Names of namespaces and clusters have no dots. */
function reservationName({ namespace, name }: ClusterRef): string {
  return `knest.${namespace}.${name}`
}

/** What keeps the addresses of the cluster. */
export function reservation(apiVersion: CalicoGroup, cluster: ClusterRef): AddressObject {
  return { kind: { apiVersion, kind: 'IPReservation' }, name: reservationName(cluster) }
}

/** One for each cluster: Calico reads all reservations at every assignment. */
function reservationObject(
  group: CalicoGroup,
  cluster: ClusterRef,
  ranges: readonly AddressRange[],
): KubeObject {
  const cidrs = ranges.flatMap((range) => rangeToCidrs(range)).map(({ text }) => text)
  return {
    apiVersion: group,
    kind: 'IPReservation',
    metadata: {
      name: reservationName(cluster),
      labels: { [labels.cluster]: cluster.name, [labels.managedBy]: managedByKnest },
    },
    spec: { reservedCIDRs: [...new Set(cidrs)] },
  }
}

/** Keeps automatic assignment off the ranges; asking for one of them by annotation still works. */
export async function reserveRanges(
  api: KubeApi,
  group: CalicoGroup,
  cluster: ClusterRef,
  ranges: readonly AddressRange[],
  signal: AbortSignal,
): Promise<void> {
  const object = reservationObject(group, cluster, ranges)
  if (ranges.length > 0) await applyOwn(api, object, { signal })
  else await deleteAddressObject(api, cluster, reservation(group, cluster), signal)
}
