import type { ClusterNetwork } from '../contracts/cluster.js'
import type { NodeFile } from './bundle.js'

/** Written by `knest-flannel` of the node image as soon as flannel knows the node's subnet. */
const flannelConfiguration = '/etc/cni/net.d/10-flannel.conflist'

/**
 * The CNI configuration a node starts with. Its plugin, `knest-wait` of the node image, makes a pod wait for
 * the real one: the node is Ready, and given pods, while its network still starts. Only for networks whose
 * nodes knest's own image brings; others write their configuration when they can.
 */
export function placeholderNetwork({ cni }: Pick<ClusterNetwork, 'cni'>): readonly NodeFile[] {
  if (cni !== 'flannel') return []
  const plugin = { type: 'knest-wait', for: flannelConfiguration, capabilities: { portMappings: true } }
  const content = JSON.stringify({ cniVersion: '1.0.0', name: 'network-to-come', plugins: [plugin] })
  return [{ path: '/etc/cni/net.d/90-knest-wait.conflist', content: `${content}\n`, mode: 0o644 }]
}
