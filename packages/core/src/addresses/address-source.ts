import type { ClusterRef } from '../contracts/cluster.js'

/** The part of an adapter that one CNI differs in from another. */
export interface AddressSource {
  /** Addresses that somebody on the host has now. */
  used(signal: AbortSignal): Promise<readonly UsedAddress[]>
  /**
   * Keeps automatic assignment off what the cluster claims, also while no pod has it. Called with all
   * of the cluster's addresses after every change; with none, what was protected is free again.
   */
  protect(cluster: ClusterRef, addresses: readonly number[], signal: AbortSignal): Promise<void>
  annotations(
    address: { readonly ip: string; readonly mac: string },
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>>
}

export interface UsedAddress {
  readonly address: number
  /** As in `pod "team/web-0"`. */
  readonly by: string
  /** The node it belongs to, when it is a knest node's. */
  readonly node?: { readonly namespace: string; readonly name: string } | undefined
}
