import type { KubeApi, KubeObject } from 'knest'

/** What nodes are made of in this run: the tests are the same for all. */
export type NodesAre = 'pod' | 'vm' | 'mixed'

export const nodesAre = (process.env.KNEST_E2E_NODES ?? 'pod') as NodesAre

// A host sets a VM's whole memory aside; of pods only what is used counts.
const kubeVirtFlags = [
  ...['--control-plane-machine-memory-size', '2Gi', '--worker-machine-memory-size', '1Gi'],
  ...(JSON.parse(process.env.KNEST_E2E_VM_FLAGS ?? '[]') as readonly string[]),
]

/** What `knest create` is told for such nodes, with what `kubevirt-setup.ts` found that its KubeVirt needs. */
export const nodeFlags: readonly string[] = {
  pod: [],
  vm: ['--backend', 'vm', ...kubeVirtFlags],
  mixed: ['--control-plane-backend', 'pod', '--worker-backend', 'vm', ...kubeVirtFlags],
}[nodesAre]

/** How much longer than a pod a node of this run may take: a real or emulated machine boots. */
export const patience = Number(process.env.KNEST_E2E_PATIENCE ?? '1')

export const podKind = { apiVersion: 'v1', kind: 'Pod' }
const machineKind = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' }
export const instanceKind = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' }

const machineLabel = 'vm.kubevirt.io/name'
const never = new AbortController().signal

export function isVm(node: string): boolean {
  return nodesAre === 'vm' || (nodesAre === 'mixed' && !/-cp-\d+$/.test(node))
}

/** The host's pods that nodes run in, by node: a VM's is its launcher. Pods that end are left out. */
export async function podsOfNodes(api: KubeApi, namespace: string): Promise<ReadonlyMap<string, KubeObject>> {
  const pods = await api.list(podKind, { namespace, signal: never })
  const living = pods.filter(({ metadata, status }) => {
    const { phase } = (status ?? {}) as { phase?: string }
    return metadata.deletionTimestamp === undefined && phase !== 'Succeeded' && phase !== 'Failed'
  })
  const entries = living.flatMap((pod): [string, KubeObject][] => {
    const node = pod.metadata.labels?.[machineLabel] ?? /^(.+)-0$/.exec(pod.metadata.name)?.[1]
    return node === undefined ? [] : [[node, pod]]
  })
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Names of the nodes that the host has objects of. */
export async function hostNodes(api: KubeApi, namespace: string): Promise<readonly string[]> {
  const sets = await api.list({ apiVersion: 'apps/v1', kind: 'StatefulSet' }, { namespace, signal: never })
  const machines = nodesAre === 'pod' ? [] : await api.list(machineKind, { namespace, signal: never })
  return [...sets, ...machines].map(({ metadata }) => metadata.name).sort()
}

/** Takes away what the node runs in, as a failing host would; its disk stays if it is persistent. */
export async function killNode(api: KubeApi, namespace: string, node: string): Promise<void> {
  await (isVm(node)
    ? api.delete(instanceKind, node, namespace, { signal: never })
    : api.delete(podKind, `${node}-0`, namespace, { signal: never, gracePeriodSeconds: 0 }))
}
