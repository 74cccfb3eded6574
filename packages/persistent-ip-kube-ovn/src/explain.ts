import { kubectlCommand } from '@knest/core'

/** What Kube-OVN says in the events of a pod that waits for its address. */
const explanations: readonly (readonly [RegExp, string])[] = [
  [
    /AddressConflict|has been allocated to/i,
    'the address or MAC is still held by the pod before, or by another one. Kube-OVN frees it when that pod ' +
      `is gone (${kubectlCommand('get', 'ips.kubeovn.io')} shows who has it). The pod is tried again by itself`,
  ],
  [
    /AddressOutOfRange/i,
    'no Kube-OVN Subnet of the pod has the address: the Subnet was changed. Make it hold the address again',
  ],
  [/NoAvailableAddress/i, 'the address is not free in its Kube-OVN Subnet; see its status'],
]

/** Undefined for an event that is not about addresses. */
export function explainKubeOvnEvent(event: string): string | undefined {
  return explanations.find(([pattern]) => pattern.test(event))?.[1]
}
