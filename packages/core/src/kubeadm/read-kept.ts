import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { keptConfiguration, keptIn, type KeptConfiguration } from './kept-configuration.js'

/** What kubeadm keeps in this cluster. */
export async function readKeptConfiguration(api: KubeApi, signal: AbortSignal): Promise<KeptConfiguration> {
  const read = ({ name }: { readonly name: string }): Promise<KubeObject | undefined> =>
    api.get({ apiVersion: 'v1', kind: 'ConfigMap' }, name, 'kube-system', signal)
  const [cluster, kubelet, proxy] = await Promise.all([
    read(keptIn.cluster),
    read(keptIn.kubelet),
    read(keptIn.proxy),
  ])
  return keptConfiguration({ cluster, kubelet, proxy })
}
