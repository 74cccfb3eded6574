import type { AddressAdapter } from '../contracts/node-backend.js'
import type { ClusterRef } from '../contracts/cluster.js'

/** What an adapter is asked to do, and for whom. */
export interface AddressOptions {
  readonly cluster: ClusterRef
  /** Addresses, `A-B` ranges and CIDRs that the nodes may get. */
  readonly candidates: readonly string[]
  /** How many nodes the cluster shall have: preflight refuses fewer free addresses. */
  readonly nodes: number
  /** All clusters of the host; undefined when they may not be listed: then no claim counts as orphaned. */
  clusters(signal: AbortSignal): Promise<readonly AddressHolder[] | undefined>
}

/** A cluster and the addresses its nodes may get. */
export interface AddressHolder extends ClusterRef {
  readonly addresses?: readonly string[] | undefined
}

/** An adapter that can also say what an event of a pod that waits for its address means. */
export interface ExplainingAddressAdapter extends AddressAdapter {
  /** In plain words, with what to do; undefined for an event that is not about addresses. */
  explain(event: string): string | undefined
}

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
