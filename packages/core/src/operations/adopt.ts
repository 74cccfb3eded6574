import { authorityIn } from '../certificates/lost-authorities.js'
import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { HealAction } from '../contracts/health.js'
import type { Parts } from '../contracts/parts.js'
import { PreflightError, unlessForbidden, type Problem } from '../errors.js'
import { restoreAuthorities } from '../health/restore-authorities.js'
import { objectNames } from '../names.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { desiredNodes } from '../plan/desired-nodes.js'

/**
 * It comes from a backup: there are objects of its cluster that it does not own. What a command makes, it owns, and
 * soon says something of; who may not look lets it be.
 */
export async function isRestored(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const { phase, conditions, desiredSpec, deletedAt } = record
  if (phase !== 'Creating' || desiredSpec !== undefined || deletedAt !== undefined) return false
  const isRefused = conditions.some(({ type, status }) => type === 'Accepted' && status === 'False')
  if (conditions.length > 0 && !isRefused) return false
  const orphans = await home.orphans?.(record, signal).catch(unlessForbidden)
  return orphans !== undefined && orphans.length > 0
}

/**
 * Throws PreflightError (`config`) with all in which the restored record and what there is of its cluster differ:
 * nothing is removed because an old record does not know it. Authorities that a control plane still has come back.
 */
export async function refuseUnfit(parts: Parts, record: ClusterRecord, signal: AbortSignal): Promise<void> {
  await restoreAuthorities(parts, record, signal)
  const [authorities, kubeconfig, nodes] = await Promise.all([
    parts.home.readAuthorities(record, signal),
    parts.home.readKubeconfig(record, signal),
    listNodes(record, await backendsOf(parts, record), signal),
  ])
  const problems: Problem[] = []
  if (
    authorities !== undefined &&
    kubeconfig !== undefined &&
    authorityIn(kubeconfig) !== authorities.ca.cert
  ) {
    const [pki, access] = [objectNames.pkiSecret, objectNames.kubeconfigSecret].map((of) => of(record.name))
    problems.push({
      severity: 'error',
      message: `the kubeconfig in Secret "${access ?? ''}" trusts another authority than Secret "${pki ?? ''}" has`,
      hint: `restore both from one backup; if "${pki ?? ''}" is right, delete "${access ?? ''}"`,
    })
  }
  const wanted = new Set(desiredNodes(record, record.spec, nodes).map(({ name }) => name))
  const unknown = nodes.map(({ name }) => name).filter((name) => !wanted.has(name))
  if (unknown.length > 0) {
    const names = unknown.map((name) => `"${name}"`).join(', ')
    problems.push({
      severity: 'error',
      message: `the restored record does not know ${unknown.length === 1 ? 'node' : 'nodes'} ${names}`,
      hint: `set the counts in its spec to what is there; afterwards ${clusterCommand('scale', record)} changes them`,
    })
  }
  if (problems.length > 0) throw new PreflightError('config', problems)
}

/** Has everything of the cluster go with its record again. */
export async function adopt(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<readonly HealAction[]> {
  const adopted = (await home.adopt?.(record, signal)) ?? []
  if (adopted.length === 0) return []
  return [
    { type: 'Normal', reason: 'Adopted', message: `belong to the cluster again: ${adopted.join(', ')}` },
  ]
}
