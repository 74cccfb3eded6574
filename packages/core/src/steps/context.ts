import type { CertificateAuthorities, ClusterAddresses, ClusterHome } from '../contracts/cluster-home.js'
import type { BackendName, ClusterRecord } from '../contracts/cluster.js'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { NodeBackend, NodeHandle } from '../contracts/node-backend.js'
import type { AddressAdapter } from '../contracts/address-adapter.js'
import type { AddressReservation } from '../contracts/address-adapter.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { NestedAccess } from '../contracts/parts.js'

/** What the steps of one run share. Steps that make a value come before those that read it. */
export interface StepContext {
  /** All nodes there were when the plan was made. */
  readonly nodes: readonly BackendNode[]
  readonly record: ClusterRecord
  readonly home: ClusterHome
  backend(name: BackendName): Promise<NodeBackend>
  /** The backend of an existing or desired node, by its name. */
  backendOf(node: string): Promise<NodeBackend>
  /** Names of the control planes there are. */
  readonly controlPlanes: readonly string[]
  /** Names of those that were there before this run. */
  readonly existingControlPlanes: readonly string[]
  openNode(node: string, signal: AbortSignal): Promise<NodeHandle>
  openNestedApi(access: NestedAccess): Promise<KubeApi>
  /** The factor for time limits that are not those of a command on a node: such a command's is the handle's to know. */
  timeoutFactor(): Promise<number>
  /** Names of all nodes the cluster shall have. */
  readonly nodeNames: readonly string[]
  /** What keeps node addresses; undefined when none are kept. */
  addressAdapter(): Promise<AddressAdapter | undefined>
  /** By node name; filled by `ensure-addresses`. */
  reservations: ReadonlyMap<string, AddressReservation>
  addresses: ClusterAddresses | undefined
  authorities: CertificateAuthorities | undefined
  /** The nested API, opened by `await-api`. */
  api: KubeApi | undefined
}

export function need<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`a step ran before ${name} was there`)
  return value
}
