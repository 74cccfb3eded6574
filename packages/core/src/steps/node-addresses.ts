import type { AddressReservation } from '../contracts/address-adapter.js'
import type { StepContext } from './context.js'

/**
 * Addresses for all nodes before any is made, so that too few are found out in time. A node that is to go keeps the
 * one it has: it may be made once more before it can.
 */
export async function reserveAddresses(
  context: Pick<StepContext, 'record' | 'nodes' | 'nodeNames' | 'addressAdapter'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, AddressReservation>> {
  const adapter = await context.addressAdapter()
  const reservations = new Map<string, AddressReservation>()
  if (adapter === undefined) return reservations
  const { nodes, nodeNames, record } = context
  const isLeaving = (name: string): boolean =>
    !nodeNames.includes(name) && nodes.some((node) => node.name === name)
  const held = nodes.some(({ name }) => isLeaving(name)) ? await adapter.list(record, signal) : []
  const leaving = held.map(({ node }) => node).filter(isLeaving)
  for (const node of [...nodeNames, ...leaving])
    reservations.set(node, await adapter.reserve(record, node, signal))
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
