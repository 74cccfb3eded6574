import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi } from '../contracts/kubernetes.js'
import { KnestError, type Problem } from '../errors.js'
import { deleteFound, isMadeFor } from '../ownership.js'

/** An object of the host, in no namespace, by which a CNI keeps the addresses of a cluster. */
export interface AddressObject {
  readonly kind: KindRef
  readonly name: string
}

/** One of that name which knest did not make: an error, since it would have to be changed. What may not be read is none. */
export async function takenObjectProblems(
  api: Pick<KubeApi, 'get'>,
  cluster: ClusterRef,
  { kind, name }: AddressObject,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const found = await api.get(kind, name, undefined, signal).catch((error: unknown) => {
    if (error instanceof KnestError && ['not-found', 'not-permitted'].includes(error.code)) return undefined
    throw error
  })
  if (found === undefined || isMadeFor(cluster, found)) return []
  return [
    {
      severity: 'error',
      message: `the host has ${kind.kind} "${name}" already, and knest did not make it`,
      hint: 'give the cluster another name or namespace, leave --machine-addresses out, or remove it if nobody needs it',
    },
  ]
}

/** Deletes the cluster's own, and no other of its name. Absent is fine. */
export async function deleteAddressObject(
  api: Pick<KubeApi, 'get' | 'delete'>,
  cluster: ClusterRef,
  { kind, name }: AddressObject,
  signal: AbortSignal,
): Promise<void> {
  const found = await api.get(kind, name, undefined, signal)
  if (found !== undefined && isMadeFor(cluster, found)) await deleteFound(api, kind, found, { signal })
}
