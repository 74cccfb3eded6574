import type { ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterSpec } from '../contracts/cluster.js'
import { KnestError } from '../errors.js'
import type { AddressHolder } from '../contracts/address-adapter.js'

/** All clusters of a home with what they may use; undefined when not all of them may be listed. */
export async function listAddressHolders(
  home: Pick<ClusterHome, 'list'>,
  addressesOf: (spec: ClusterSpec) => readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly AddressHolder[] | undefined> {
  try {
    const records = await home.list(undefined, signal)
    return records.map(({ name, namespace, spec }) => ({ name, namespace, addresses: addressesOf(spec) }))
  } catch (error) {
    if (error instanceof KnestError && error.code === 'not-permitted') return undefined
    throw error
  }
}
