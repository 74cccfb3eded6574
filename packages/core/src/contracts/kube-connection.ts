import type { Duplex } from 'node:stream'

/** Opens a byte stream to the API server, where it cannot be reached directly. */
export type Dial = (signal: AbortSignal) => Promise<Duplex>

/** Which cluster, as kubectl chooses it. */
export interface KubeconfigChoice {
  /** File, or list of files in the order of `$KUBECONFIG`; each must exist. */
  readonly kubeconfig?: string | readonly string[] | undefined
  /** Name of a context; the kubeconfig's current one when absent. */
  readonly context?: string | undefined
  /** The kubeconfig itself; then no file is read. */
  readonly kubeconfigText?: string | undefined
  /** Leaves proxies of the environment out, for a server in a container of this machine. */
  readonly direct?: boolean | undefined
}
