import type { AddressAdapter, AddressOptions } from './address-adapter.js'
import type { ClusterHome } from './cluster-home.js'
import type { BackendName, AddressAdapterName } from './cluster.js'
import type { NodeBackend } from './node-backend.js'

/** What `createClusters` puts together: where records live and who makes nodes. */
export interface Parts {
  readonly home: ClusterHome
  /** Loads the backend of that name. */
  readonly backend: (name: BackendName) => Promise<NodeBackend>
  /** Loads what keeps node addresses; absent where nothing can (the embedded host). */
  readonly addressAdapter?: (name: AddressAdapterName, options: AddressOptions) => Promise<AddressAdapter>
  /** Whether a host with Calico gives VMs their address back with nothing asked for; absent: it does not. */
  readonly keepsVmAddresses?: (signal: AbortSignal) => Promise<boolean>
}
