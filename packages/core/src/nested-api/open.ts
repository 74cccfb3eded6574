import type { Duplex } from 'node:stream'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import type { NestedAccess } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import { openKube } from '../kube/index.js'
import { renderKubeconfig } from '../nested-api/render-kubeconfig.js'
import { adminCertificate } from '../pki/index.js'

export const apiPort = 6443

/** A dial that tries the control planes in turn, so that one that is away does not matter. */
export function dialAny(nodes: readonly NodeHandle[]): (signal: AbortSignal) => Promise<Duplex> {
  let turn = 0
  return async (signal) => {
    turn++
    const first = turn % Math.max(nodes.length, 1)
    const order = [...nodes.slice(first), ...nodes.slice(0, first)]
    let failure = new KnestError('host-unreachable', 'the cluster has no control plane that runs')
    for (const node of order) {
      try {
        return await node.dial(apiPort, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof KnestError)) throw error
        failure = error
      }
    }
    throw failure
  }
}

/**
 * The nested API by way of its nodes: works wherever the host's API can be reached. The certificate is
 * made for this one use and is valid for a day.
 */
export async function openNestedApi({ cluster, nodes, authorities }: NestedAccess): Promise<KubeApi> {
  const client = await adminCertificate(authorities.ca, { group: 'system:masters', validityDays: 1 })
  return openKube({
    kubeconfigText: renderKubeconfig({
      name: cluster,
      server: `https://localhost:${apiPort}`,
      ca: authorities.ca.cert,
      clientCert: client.cert,
      clientKey: client.key,
    }),
    dial: dialAny(nodes),
    description: `nested cluster "${cluster}"`,
  })
}
