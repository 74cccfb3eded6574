import type {
  AddressAdapter,
  AddressAdapterName,
  AddressOptions,
  BackendName,
  KubeApi,
  NodeBackend,
} from '@knest/core/contracts'

/** Backends whose nodes live in a host cluster, by the name in a cluster's spec. */
export const backends = {
  pod: async (api: KubeApi) =>
    (await import('@knest/pod-node')).createPodNodeBackend(api, { explainEvent: explainAddressEvent }),
  vm: async (api: KubeApi) => (await import('@knest/kubevirt-vm-node')).createVmNodeBackend(api),
} as const satisfies Readonly<Partial<Record<BackendName, (api: KubeApi) => Promise<NodeBackend>>>>

type OpenAddresses = (api: KubeApi, options: AddressOptions) => Promise<AddressAdapter>

/** What keeps node addresses, by the host's CNI. */
export const addressAdapters = {
  calico: async (api, options) =>
    (await import('@knest/persistent-ip-calico')).createCalicoAddresses(api, options),
  'kube-ovn': async (api, options) =>
    (await import('@knest/persistent-ip-kube-ovn')).createKubeOvnAddresses(api, options),
} as const satisfies Readonly<Record<AddressAdapterName, OpenAddresses>>

/** Whether the host's Calico gives VMs their address back by itself. */
export async function keepsVmAddresses(api: KubeApi, signal: AbortSignal): Promise<boolean> {
  return (await import('@knest/persistent-ip-calico')).keepsVmAddresses(api, signal)
}

/** What an event of a pod that waits for its address means; each CNI has words of its own. */
async function explainAddressEvent(event: string): Promise<string | undefined> {
  const [{ explainCalicoEvent }, { explainKubeOvnEvent }] = await Promise.all([
    import('@knest/persistent-ip-calico'),
    import('@knest/persistent-ip-kube-ovn'),
  ])
  return explainCalicoEvent(event) ?? explainKubeOvnEvent(event)
}
