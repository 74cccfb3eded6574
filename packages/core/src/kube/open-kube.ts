import type { Dial, KubeconfigChoice } from '../contracts/kube-connection.js'
import type { KubeApi } from '../contracts/kubernetes.js'
import { openApiLink } from './api-link.js'
import { serverText } from './api-errors.js'
import { openKubeClient } from './kube-client.js'
import { loadKubeconfig, type ChosenKubeconfig } from './kubeconfig/load.js'
import { given } from './kubeconfig/overrides.js'

export interface OpenKubeOptions extends KubeconfigChoice {
  /**
   * Makes every connection to the API server, for one that this machine cannot reach. The signal ends
   * when the client is closed; TLS runs on the stream as if it had been connected directly.
   */
  readonly dial?: Dial | undefined
  /** For messages; by default `context "NAME"`. */
  readonly description?: string | undefined
}

/** A Kubernetes API and what its kubeconfig says about it. */
export interface KubeConnection extends KubeApi {
  /** Undefined inside a cluster, and where a server was given without one. */
  readonly context: string | undefined
  /** The namespace of the context, else `default`. */
  readonly namespace: string
  /** URL of the API server, without credentials. */
  readonly server: string
}

/**
 * Reads the kubeconfig, and runs its login plugin, which may ask for something on the terminal. Connects with the
 * first request. Throws `config`, `not-permitted` or `host-unreachable`.
 */
export async function openKube(options: OpenKubeOptions = {}): Promise<KubeConnection> {
  const chosen = await loadKubeconfig(options)
  const description = options.description ?? describe(chosen, options)
  const link = openApiLink(chosen, description, options.dial, { requestTimeoutMs: options.requestTimeoutMs })
  const { context, namespace } = chosen
  // Before anything is drawn on the terminal, and outside of every time limit.
  if (chosen.user.exec !== undefined) {
    await link.credentials.get().catch((error: unknown) => {
      link.close()
      throw error
    })
  }
  return { ...openKubeClient(link, namespace), context, namespace, server: serverText(chosen.server) }
}

function describe({ context, server }: ChosenKubeconfig, options: OpenKubeOptions): string {
  if (context !== undefined) return `context "${context}"`
  const isGiven = given(options.server) !== undefined || given(options.cluster) !== undefined
  return isGiven ? `server "${serverText(server)}"` : 'the cluster knest runs in'
}
