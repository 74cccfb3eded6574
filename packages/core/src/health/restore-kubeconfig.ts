import type { ClusterRecord } from '../contracts/cluster.js'
import type { HealAction } from '../contracts/health.js'
import type { Parts } from '../contracts/parts.js'
import { adminKubeconfig } from '../nested-api/admin-kubeconfig.js'

/** Stores the admin's kubeconfig again that somebody deleted. Without the authorities there is none to make. */
export async function restoreKubeconfig(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<readonly HealAction[]> {
  if ((await home.readKubeconfig(record, signal)) !== undefined) return []
  const authorities = await home.readAuthorities(record, signal)
  if (authorities === undefined) return []
  await home.saveKubeconfig(record, await adminKubeconfig({ record, home, authorities }, signal), signal)
  const message = 'the kubeconfig was gone, and was made again'
  return [{ type: 'Normal', reason: 'KubeconfigRestored', message }]
}
