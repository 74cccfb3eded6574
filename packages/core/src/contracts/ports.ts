/** What leads to pods that serve a port. */
export type PortOwnerKind = 'Service' | 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'ReplicaSet' | 'Pod'

/** A TCP port of a nested cluster that is to be reached from this machine. */
export interface PortRequest {
  readonly kind: PortOwnerKind
  readonly name: string
  /** Of the nested cluster; `default` when absent. */
  readonly namespace?: string | undefined
  /** Number or name; the only one, or the first, when absent. */
  readonly port?: string | undefined
  /** Address of this machine to listen on; 127.0.0.1 when absent. */
  readonly localAddress?: string | undefined
  /** Any free one when absent. */
  readonly localPort?: number | undefined
  /** How long a pod may take to be ready; a minute when absent. */
  readonly podTimeoutMs?: number | undefined
  /** A connection could not be made or broke; the others go on. */
  readonly onError?: ((error: unknown) => void) | undefined
}

export interface OpenedPort {
  /** `https` for port 443 and for one that says so. */
  readonly url: string
  /** As in `Service "web"`. */
  readonly subject: string
  /** The port of the nested cluster, as in `80 (http)`. */
  readonly port: string
  /** Further ports, of which none was asked for. */
  readonly otherPorts: readonly string[]
  /** False: the URL is that of a load balancer that this machine reaches, and nothing has to be closed. */
  readonly isForwarded: boolean
  /** Stops listening and ends every connection. */
  close(): Promise<void>
}
