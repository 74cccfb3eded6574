import type { AddressAdapter, AddressOptions } from './address-adapter.js'
import type { CertificateAuthorities, ClusterHome } from './cluster-home.js'
import type { BackendName, AddressAdapterName } from './cluster.js'
import type { KubeApi } from './kubernetes.js'
import type { NodeBackend, NodeHandle } from './node-backend.js'

/** What `createClusters` puts together: where records live and who makes nodes. */
export interface Parts {
  readonly home: ClusterHome
  /** Loads the backend of that name. */
  readonly backend: (name: BackendName) => Promise<NodeBackend>
  /** Loads what keeps node addresses; absent where nothing can (the embedded host). */
  readonly addressAdapter?: (name: AddressAdapterName, options: AddressOptions) => Promise<AddressAdapter>
  /** Whether a host with Calico gives VMs their address back with nothing asked for; absent: it does not. */
  readonly keepsVmAddresses?: (signal: AbortSignal) => Promise<boolean>
  /** Opens the API of a nested cluster; absent: by TLS to a port of its nodes. */
  readonly openNestedApi?: (access: NestedAccess) => Promise<KubeApi>
}

/** A nested cluster's control planes that may answer, and what its API server is known by. */
export interface NestedAccess {
  readonly cluster: string
  readonly nodes: readonly NodeHandle[]
  readonly authorities: CertificateAuthorities
}
