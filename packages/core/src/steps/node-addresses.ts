import type { AddressLease } from '../contracts/address-adapter.js'
import type { StepContext } from './context.js'

/** Addresses for all nodes before any is made, so that too few are found out in time. */
export async function reserveLeases(
  context: StepContext,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, AddressLease>> {
  const adapter = await context.leaseAdapter()
  const leases = new Map<string, AddressLease>()
  if (adapter === undefined) return leases
  for (const node of context.nodeNames) leases.set(node, await adapter.reserve(context.record, node, signal))
  return leases
}

/** Frees one node's address, or all of the cluster's, also of nodes that never came to be. */
export async function releaseLeases(
  context: StepContext,
  node: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const adapter = await context.leaseAdapter()
  if (adapter === undefined) return
  const held = node === undefined ? await adapter.list(context.record, signal) : [{ node }]
  for (const { node: name } of held) await adapter.release(context.record, name, signal)
}
