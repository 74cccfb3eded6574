import { createHash } from 'node:crypto'
import type { NodeSpec } from '@knest/core'

/**
 * The node's own for ever: without one in the spec KubeVirt makes up another at every start of the VM. The
 * prefix is QEMU's; leased addresses bring their own.
 */
export function macAddress({ cluster, clusterUid, name, reservation }: NodeSpec): string {
  if (reservation !== undefined) return reservation.mac
  const hash = createHash('sha256')
    .update(`${clusterUid}/${cluster.namespace}/${cluster.name}/${name}`)
    .digest()
  const own = [...hash.subarray(0, 3)].map((byte) => byte.toString(16).padStart(2, '0'))
  return ['52', '54', '00', ...own].join(':')
}
