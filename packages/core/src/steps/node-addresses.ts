import type { AddressReservation } from '../contracts/address-adapter.js'
import type { StepContext } from './context.js'

/** Addresses for all nodes before any is made, so that too few are found out in time. */
export async function reserveAddresses(
  context: StepContext,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, AddressReservation>> {
  const adapter = await context.addressAdapter()
  const reservations = new Map<string, AddressReservation>()
  if (adapter === undefined) return reservations
  for (const node of context.nodeNames)
    reservations.set(node, await adapter.reserve(context.record, node, signal))
  return reservations
}

/** Frees one node's address, or all of the cluster's, also of nodes that never came to be. */
export async function releaseAddresses(
  context: StepContext,
  node: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const adapter = await context.addressAdapter()
  if (adapter === undefined) return
  const held = node === undefined ? await adapter.list(context.record, signal) : [{ node }]
  for (const { node: name } of held) await adapter.release(context.record, name, signal)
}
