import { knownAuthorities } from '../certificates/lost-authorities.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { HealAction } from '../contracts/health.js'
import type { Parts } from '../contracts/parts.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'

/**
 * Gives the home back the authorities that it has lost and a control plane still has. Throws `prerequisite` when
 * nobody has them.
 */
export async function restoreAuthorities(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<readonly HealAction[]> {
  const { home } = parts
  if ((await home.readAuthorities(record, signal)) !== undefined) return []
  const nodes = await listNodes(record, await backendsOf(parts, record), signal)
  const authorities = await knownAuthorities({ record, home, nodes }, signal)
  if (authorities === undefined) return []
  await home.saveAuthorities(record, authorities, signal)
  const message = 'the certificate authorities were gone, and were taken back from a control plane'
  return [{ type: 'Warning', reason: 'AuthoritiesRestored', message }]
}
