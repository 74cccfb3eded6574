import type { Problem } from '../errors.js'
import type { ClusterRef } from './cluster.js'

/** What a node must carry to receive an address that outlives it. */
export interface AddressReservation {
  readonly ip: string
  readonly mac: string
  readonly annotations: Readonly<Record<string, string>>
}

/** Keeps a node's IP when its pod is replaced. Calico and Kube-OVN implement it. */
export interface AddressAdapter {
  readonly name: string
  preflight(signal: AbortSignal): Promise<readonly Problem[]>
  /** The same cluster and node always get the same reservation. */
  reserve(cluster: ClusterRef, node: string, signal: AbortSignal): Promise<AddressReservation>
  list(
    cluster: ClusterRef,
    signal: AbortSignal,
  ): Promise<readonly { node: string; reservation: AddressReservation }[]>
  release(cluster: ClusterRef, node: string, signal: AbortSignal): Promise<void>
}

/** A cluster and the addresses its nodes may get. */
export interface AddressHolder extends ClusterRef {
  readonly addresses?: readonly string[] | undefined
}

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

/** An adapter that can also say what an event of a pod that waits for its address means. */
export interface ExplainingAddressAdapter extends AddressAdapter {
  /** In plain words, with what to do; undefined for an event that is not about addresses. */
  explain(event: string): string | undefined
}
