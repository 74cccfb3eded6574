import type { Duplex } from 'node:stream'

/** Opens a byte stream to the API server, where it cannot be reached directly. */
export type Dial = (signal: AbortSignal) => Promise<Duplex>

/** Which cluster, as kubectl chooses it. */
export interface KubeconfigChoice extends ConnectionOverrides {
  /** File, or list of files in the order of `$KUBECONFIG`; each must exist. */
  readonly kubeconfig?: string | readonly string[] | undefined
  /** Name of a context; the kubeconfig's current one when absent. */
  readonly context?: string | undefined
  /** The kubeconfig itself; then no file is read. */
  readonly kubeconfigText?: string | undefined
  /** Leaves proxies of the environment out, for a server in a container of this machine. */
  readonly direct?: boolean | undefined
}

/**
 * What counts before the kubeconfig, as kubectl's flags of the same names. Empty texts are none; paths are of the
 * working folder.
 */
export interface ConnectionOverrides {
  /** Name of a cluster of the kubeconfig, instead of the context's. */
  readonly cluster?: string | undefined
  /** Name of a user of the kubeconfig, instead of the context's. */
  readonly user?: string | undefined
  /** URL; needs no context, and leaves out what the kubeconfig says of `tls-server-name`. */
  readonly server?: string | undefined
  readonly tlsServerName?: string | undefined
  /** File; leaves out what the kubeconfig says of authorities. */
  readonly certificateAuthority?: string | undefined
  /** Leaves out authorities of the kubeconfig. */
  readonly insecureSkipTlsVerify?: boolean | undefined
  readonly token?: string | undefined
  /** File. */
  readonly clientCertificate?: string | undefined
  /** File. */
  readonly clientKey?: string | undefined
  /** User whom the requests are made for. */
  readonly as?: string | undefined
  readonly asUid?: string | undefined
  readonly asGroups?: readonly string[] | undefined
  /** How long one request may take; 30 s when absent. Streams and watches: until they are open. */
  readonly requestTimeoutMs?: number | undefined
}
