import { openKube } from 'knest/kube'
import type { KubeApi, KubeObject } from 'knest'
import { cgroupOfContainer, cgroupOfPod, type Cgroup } from './cgroup.js'
import { hostContext } from './knest.js'

const podKind = { apiVersion: 'v1', kind: 'Pod' }
export const hostContainer = 'knest-host-cp-0'
const signal = new AbortController().signal

/** Opens the embedded host for the time of `work`. */
export async function withHost<T>(work: (host: KubeApi) => Promise<T>): Promise<T> {
  const host = await openKube({ context: hostContext })
  try {
    return await work(host)
  } finally {
    host.close()
  }
}

export function nodePods(host: KubeApi, cluster: string): Promise<readonly KubeObject[]> {
  const labelSelector = `knest.dev/cluster=${cluster},knest.dev/node`
  return host.list(podKind, { namespace: `knest-${cluster}`, labelSelector, signal })
}

/** Deletes the pods of all nodes at once, as a fault would: their StatefulSets stay. */
export async function deleteNodePods(host: KubeApi, cluster: string): Promise<void> {
  const pods = await nodePods(host, cluster)
  const options = { signal, gracePeriodSeconds: 0 }
  await Promise.all(
    pods.map(({ metadata }) => host.delete(podKind, metadata.name, metadata.namespace, options)),
  )
}

/** The cgroups of a cluster's nodes of one role. */
export function cgroupsOfNodes(
  cluster: string,
  role: 'control-plane' | 'worker',
): Promise<readonly Cgroup[]> {
  return withHost(async (host) => {
    const around = await cgroupOfContainer(hostContainer)
    const pods = (await nodePods(host, cluster)).filter(
      ({ metadata }) => metadata.labels?.['knest.dev/role'] === role,
    )
    return pods.map(({ metadata }) => cgroupOfPod(around, metadata.uid ?? ''))
  })
}
