import type { ClusterSpec } from '../contracts/cluster.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { coreDnsObjects, renderCni } from '../cni/index.js'
import type { CniOptions } from '../cni/index.js'
import { applyAll } from '../host/index.js'
import { dnsServiceAddress } from '../kubeadm/kubelet-config.js'
import { need } from './context.js'
import type { StepContext } from './context.js'

/** Installs the nested network and DNS by server-side apply. Repeatable. */
export async function installAddons(
  context: StepContext,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const api = need(context.api, 'the nested API')
  const { controlPlaneEndpoint } = need(context.addresses, 'the addresses')
  const objects = await addonObjects(context.record.spec, { controlPlaneEndpoint, note, signal })
  await applyAddons(api, objects, signal)
}

/** What a cluster runs from the start: network and DNS. Throws as `renderCni`. */
export async function addonObjects(spec: ClusterSpec, options: CniOptions): Promise<readonly KubeObject[]> {
  return [...(await renderCni(spec.network, options)), ...dnsObjects(spec)]
}

/** What DNS is, for this cluster. */
export function dnsObjects({ network, kubernetesVersion }: ClusterSpec): readonly KubeObject[] {
  return coreDnsObjects({
    clusterIp: dnsServiceAddress(network.serviceCidr),
    dnsDomain: network.dnsDomain,
    kubernetesVersion,
  })
}

/** The API server makes kube-system soon after it is ready; this does not wait for it. */
export async function applyAddons(
  api: KubeApi,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  const kubeSystem = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } }
  await applyAll(api, [kubeSystem, ...objects], signal)
}
