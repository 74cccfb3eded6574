import type { ClusterSpec } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { dnsServiceAddress } from '../kubeadm/kubelet-config.js'
import { coreDnsObjects } from './coredns.js'
import { localPathObjects } from './local-path.js'
import { type CniOptions, renderCni } from './render.js'

/** What a cluster runs from the start: network, DNS and storage. Throws as `renderCni`. */
export async function addonObjects(spec: ClusterSpec, options: CniOptions): Promise<readonly KubeObject[]> {
  return [...(await renderCni(spec.network, options)), ...dnsObjects(spec), ...storageObjects(spec)]
}

/** The default StorageClass, unless the cluster is to have none. */
function storageObjects({ addons }: ClusterSpec): readonly KubeObject[] {
  return addons?.storage === 'none' ? [] : localPathObjects()
}

/** What DNS is, for this cluster. */
export function dnsObjects(
  { network, kubernetesVersion, controlPlane }: ClusterSpec,
  replicas?: number,
): readonly KubeObject[] {
  return coreDnsObjects({
    replicas,
    clusterIp: dnsServiceAddress(network.serviceCidr),
    dnsDomain: network.dnsDomain,
    kubernetesVersion,
    // On an embedded host, whose room is for nested clusters, about what it uses.
    ...(controlPlane.backend === 'container' && { cpuRequest: '20m' }),
  })
}
