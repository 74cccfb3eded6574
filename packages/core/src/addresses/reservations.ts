import type { ClusterRef } from '../contracts/cluster.js'
import type { KubeApi } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import {
  allClaims,
  claimFromObject,
  claimName,
  claimNamespace,
  claimObject,
  claimsOf,
  leaseKind,
  renewed,
  type AddressClaim,
} from './reservation.js'

/** Which cluster has which address, host-wide. Every change is one request the API server decides. */
export interface AddressClaims {
  /** Of one cluster, or of all. */
  list(cluster: ClusterRef | undefined, signal: AbortSignal): Promise<readonly AddressClaim[]>
  /** Gives false when somebody has the address. */
  take(claim: Omit<AddressClaim, 'version'>, signal: AbortSignal): Promise<boolean>
  /** Says that the claim is still wanted. Gives false when it is gone or was changed meanwhile. */
  renew(claim: AddressClaim, signal: AbortSignal): Promise<boolean>
  /** Gives false when the claim was changed meanwhile; absent is fine. */
  drop(claim: AddressClaim, signal: AbortSignal): Promise<boolean>
}

export function createAddressClaims(api: KubeApi): AddressClaims {
  return {
    list: async (cluster, signal) => {
      const labelSelector = cluster === undefined ? allClaims : claimsOf(cluster)
      const objects = await api.list(leaseKind, { namespace: claimNamespace, labelSelector, signal })
      return objects.flatMap((object) => claimFromObject(object) ?? [])
    },
    take: (claim, signal) =>
      unless(['already-exists', 'conflict'], () => api.create(claimObject(claim, new Date()), { signal })),
    renew: async (claim, signal) => {
      const object = await api.get(leaseKind, claimName(claim.address), claimNamespace, signal)
      if (object?.metadata.resourceVersion !== claim.version) return false
      return unless(['conflict', 'not-found'], () => api.replace(renewed(object, new Date()), { signal }))
    },
    drop: ({ address, version }, signal) =>
      unless(['conflict'], () =>
        api.delete(leaseKind, claimName(address), claimNamespace, {
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
