import { labels, type KindRef, type KubeApi } from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import { balancerRange } from '../engine/network.js'

const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }

/**
 * Has the host's node answer for addresses of the engine's network, and tells the controller so, which gives them to
 * load balancers. Repeatable. A container that was made by this version does it at every start of its own.
 */
export async function ensureBalancerAddresses(
  engine: ContainerEngine,
  { node, address }: { readonly node: string; readonly address: string },
  api: KubeApi,
  signal: AbortSignal,
): Promise<void> {
  const range = balancerRange(address)
  // A local route and no address on an interface: nothing takes one of them for the node's own.
  const argv = ['exec', node, 'ip', 'route', 'replace', 'local', range, 'dev', 'lo']
  await engine.must(argv, `let "${node}" answer for ${range}`, { timeoutMs: 30_000, signal })
  const annotations = { [labels.loadBalancerAddresses]: range }
  await api.patch(nodeKind, node, undefined, { metadata: { annotations } }, { signal })
}
