import { addressesIn } from '@knest/core'
import type { KubeObject, UsedAddress } from '@knest/core'

interface IpSpec {
  readonly v4IpAddress?: string
  readonly ipAddress?: string
  readonly namespace?: string
  readonly podName?: string
}

/** What Kube-OVN has assigned or keeps for somebody, also while no pod has it. Pure. */
export function usedByIp({ metadata, spec: given }: KubeObject): readonly UsedAddress[] {
  const { v4IpAddress, ipAddress, namespace, podName } = (given ?? {}) as IpSpec
  const text = v4IpAddress !== undefined && v4IpAddress !== '' ? v4IpAddress : ipAddress
  // The pod of a node is called after its StatefulSet.
  const node =
    namespace === undefined || podName === undefined
      ? undefined
      : { namespace, name: podName.replace(/-0$/, '') }
  return addressesIn(text).map((address) => ({ address, by: `Kube-OVN IP "${metadata.name}"`, node }))
}
