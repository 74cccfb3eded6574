import type { RenewalPlan } from '../certificates/plan.js'
import type { BackendName, NodeRole } from '../contracts/cluster.js'
import type { NodeStatus } from '../contracts/node-backend.js'

/** A node as the host and the node itself show it. */
export interface ObservedNode {
  readonly name: string
  readonly role: NodeRole
  readonly pool: string
  readonly backend: BackendName
  readonly phase: NodeStatus['phase']
  /** Undefined when it cannot be asked now. */
  readonly disk: DiskState | undefined
}

/**
 * What a node's disk says. `bootstrapped`: Kubernetes was set up on it. `founder`: its etcd member is one of
 * those the cluster began with, and the rest of the set-up did not come to its end. `empty`: neither, with or
 * without what an interrupted run left.
 */
export type DiskState = 'bootstrapped' | 'founder' | 'empty'

/** What there is. The planner sees nothing else. */
export interface ObservedCluster {
  readonly nodes: readonly ObservedNode[]
  /** Names of the Node objects in the nested cluster; undefined when its API does not answer. */
  readonly members: readonly string[] | undefined
  /** The nested network and DNS were installed. */
  readonly addonsInstalled: boolean
  /** What of its certificates ends soon; undefined when they were not looked at. */
  readonly renewal?: RenewalPlan | undefined
}

export const nothing: ObservedCluster = { nodes: [], members: undefined, addonsInstalled: false }
