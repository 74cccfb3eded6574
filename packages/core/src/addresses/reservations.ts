import type { ClusterRef } from '../contracts/cluster.js'
import type { KubeApi } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import {
  allReservations,
  reservationFromObject,
  reservationName,
  reservationNamespace,
  reservationObject,
  reservationsOf,
  leaseKind,
  renewed,
  type StoredReservation,
} from './reservation.js'

/** Which cluster has which address, host-wide. Every change is one request the API server decides. */
export interface ReservationStore {
  /** Of one cluster, or of all. */
  list(cluster: ClusterRef | undefined, signal: AbortSignal): Promise<readonly StoredReservation[]>
  /** Gives false when somebody has the address. */
  take(reservation: Omit<StoredReservation, 'version'>, signal: AbortSignal): Promise<boolean>
  /** Says that the claim is still wanted. Gives false when it is gone or was changed meanwhile. */
  renew(reservation: StoredReservation, signal: AbortSignal): Promise<boolean>
  /** Gives false when the claim was changed meanwhile; absent is fine. */
  drop(reservation: StoredReservation, signal: AbortSignal): Promise<boolean>
}

export function createReservationStore(api: KubeApi): ReservationStore {
  return {
    list: async (cluster, signal) => {
      const labelSelector = cluster === undefined ? allReservations : reservationsOf(cluster)
      const objects = await api.list(leaseKind, { namespace: reservationNamespace, labelSelector, signal })
      return objects.flatMap((object) => reservationFromObject(object) ?? [])
    },
    take: (reservation, signal) =>
      unless(['already-exists', 'conflict'], () =>
        api.create(reservationObject(reservation, new Date()), { signal }),
      ),
    renew: async (reservation, signal) => {
      const object = await api.get(
        leaseKind,
        reservationName(reservation.address),
        reservationNamespace,
        signal,
      )
      if (object?.metadata.resourceVersion !== reservation.version) return false
      return unless(['conflict', 'not-found'], () => api.replace(renewed(object, new Date()), { signal }))
    },
    drop: ({ address, version }, signal) =>
      unless(['conflict'], () =>
        api.delete(leaseKind, reservationName(address), reservationNamespace, {
          signal,
          preconditions: { resourceVersion: version },
        }),
      ),
  }
}

/** False when the work ends with one of these codes. */
async function unless(codes: readonly KnestError['code'][], work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof KnestError && codes.includes(error.code)) return false
    throw error
  }
}
