import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { labels } from '../labels.js'
import { occupiedBy } from '../network/occupied.js'
import { parseCidr } from '../network/index.js'
import { createHostReader } from '../network/host-reader.js'
import type { UsedAddress } from './address-source.js'

/** Addresses that pods of the host have now; empty when pods may not be listed. */
export async function usedByPods(api: KubeApi, signal: AbortSignal): Promise<readonly UsedAddress[]> {
  const pods = await createHostReader(api, signal).list({ apiVersion: 'v1', kind: 'Pod' })
  return pods.flatMap(usedByPod)
}

function usedByPod(pod: KubeObject): readonly UsedAddress[] {
  const status = pod.status as { podIP?: string; phase?: string } | undefined
  if ((pod.spec as { hostNetwork?: boolean } | undefined)?.hostNetwork === true) return []
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return []
  const namespace = pod.metadata.namespace ?? ''
  const node = pod.metadata.labels?.[labels.node]
  return addressesIn(status?.podIP).map((address) => ({
    address,
    by: `pod "${namespace}/${pod.metadata.name}"`,
    node: node === undefined ? undefined : { namespace, name: node },
  }))
}

/** Single IPv4 addresses in a text of another program; what is none is left out. */
export function addressesIn(text: string | undefined): readonly number[] {
  return occupiedBy('', text)
    .map(({ cidr }) => parseCidr(cidr))
    .flatMap(({ prefix, first }) => (prefix === 32 ? [first] : []))
}
