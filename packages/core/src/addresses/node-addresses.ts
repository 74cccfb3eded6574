import { chooseAddressKeeping, listAddressHolders } from './index.js'
import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { AddressAdapter } from '../contracts/address-adapter.js'
import type { Parts } from '../contracts/parts.js'
import type { Problem } from '../errors.js'

/** What keeps the addresses of a cluster's nodes; undefined when none were asked for. */
export async function openAddressAdapter(
  { home, addressAdapter }: Pick<Parts, 'home' | 'addressAdapter'>,
  { name, namespace }: ClusterRef,
  { persistence, controlPlane, workers }: ClusterSpec,
): Promise<AddressAdapter | undefined> {
  const { addresses, hostClusterCni } = persistence
  if (addresses === undefined || hostClusterCni === undefined) return undefined
  return addressAdapter?.(hostClusterCni, {
    cluster: { name, namespace },
    candidates: addresses,
    nodes: [controlPlane, ...workers].reduce((sum, { count }) => sum + count, 0),
    clusters: (signal) => listAddressHolders(home, (spec) => spec.persistence.addresses, signal),
  })
}

export async function addressProblems(
  parts: Pick<Parts, 'home' | 'addressAdapter'>,
  ref: ClusterRef,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  return (await openAddressAdapter(parts, ref, spec))?.preflight(signal) ?? []
}

/** Decides what becomes of node addresses on this host: the wish with the adapter in it, and what is to be said. */
export function decideAddressKeeping(
  spec: ClusterSpec,
  hostCni: string | undefined,
  keepsVmAddresses: boolean,
): { readonly spec: ClusterSpec; readonly problems: readonly Problem[]; readonly statement?: string } {
  const { enabled, addresses, hostClusterCni } = spec.persistence
  if (!enabled) return { spec, problems: [] }
  const keeping = chooseAddressKeeping({
    hostCni,
    asked: hostClusterCni,
    candidates: addresses ?? [],
    keepsVmAddresses,
    onlyVms: onlyVms(spec),
  })
  switch (keeping.kind) {
    case 'pinned': {
      const persistence = { ...spec.persistence, hostClusterCni: keeping.adapter }
      return { spec: { ...spec, persistence }, problems: [] }
    }
    case 'impossible':
      return { spec, problems: [keeping.problem] }
    case 'by-host': {
      const { adapter, statement } = keeping
      const persistence = { ...spec.persistence, hostClusterCni: adapter }
      return { spec: { ...spec, persistence }, problems: [], statement }
    }
    case 'changing':
      return { spec, problems: [], statement: keeping.statement }
  }
}

export function onlyVms({ controlPlane, workers }: ClusterSpec): boolean {
  return [controlPlane, ...workers].every(({ backend, count }) => backend === 'vm' || count === 0)
}
