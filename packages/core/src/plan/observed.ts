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
  /** Its disk says that Kubernetes was set up on it; undefined when it cannot be asked now. */
  readonly bootstrapped: boolean | undefined
}

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
