import { kubectlCommand } from '@knest/core'

/** What Calico's plugin says, as the event of a pod that cannot start shows it. */
const explanations: readonly (readonly [RegExp, string])[] = [
  [
    /Address already assigned in block/i,
    'the address is still assigned to the pod before, or to another one. Calico frees it when that pod is gone; ' +
      `if its host node is dead, delete the host node (${kubectlCommand('delete', 'node', 'NODE')}) so that Calico collects its addresses. ` +
      'The pod is tried again by itself',
  ],
  [
    /provided IP address is not in a configured pool/i,
    'no enabled Calico IPPool has the address: it was removed or disabled. Make the pool again',
  ],
  [
    /ipAddrs is not compatible with configured IPAM/i,
    'the host lets another program than Calico assign addresses, so none can be kept. ' +
      'Create the cluster without --machine-addresses',
  ],
]

/** Undefined for an event that is not about addresses. */
export function explainCalicoEvent(event: string): string | undefined {
  return explanations.find(([pattern]) => pattern.test(event))?.[1]
}
