import { authorityIn } from '../certificates/lost-authorities.js'
import { clusterCommand } from '../commands.js'
import type { ClusterRecord, ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { HealAction } from '../contracts/health.js'
import type { Parts } from '../contracts/parts.js'
import { PreflightError, unlessForbidden, type Problem } from '../errors.js'
import { restoreAuthorities } from '../health/restore-authorities.js'
import { retains } from '../home/record.js'
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
  // What a command makes by this policy has no owner either.
  if (record.declared !== true && retains(record.spec))
    return (await home.isLetGo?.(record, signal).catch(unlessForbidden)) === true
  return hasLeft({ home }, record, signal)
}

/** There are objects of its cluster that nobody owns. */
async function hasLeft(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const orphans = await home.orphans?.(record, signal).catch(unlessForbidden)
  return orphans !== undefined && orphans.length > 0
}

/**
 * Throws PreflightError (`config`) with all in which the restored record and what there is of its cluster differ:
 * nothing is removed because an old record does not know it. Authorities that a control plane still has come back.
 */
export async function refuseUnfit(parts: Parts, record: ClusterRecord, signal: AbortSignal): Promise<void> {
  await restoreAuthorities(parts, record, signal)
  const [authorities, unknown] = await Promise.all([
    authorityProblems(parts, record, signal),
    unknownNodes(parts, record, signal),
  ])
  const problems: readonly Problem[] = [
    ...authorities,
    ...unknown.map((names): Problem => ({
      severity: 'error',
      message: `the restored record does not know ${names}`,
      hint: `set the counts in its spec to what is there; afterwards ${clusterCommand('scale', record)} changes them`,
    })),
  ]
  if (problems.length > 0) throw new PreflightError('config', problems)
}

/**
 * The same before there is a record, when the one before went without its cluster; gives whether there is something of
 * it to adopt. Changes nothing.
 */
export async function refuseLeftNodes(
  parts: Parts,
  ref: ClusterRef,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<boolean> {
  const phase = 'Creating'
  const record = { ...ref, spec, phase, conditions: [], createdAt: '', uid: '', version: '' } as const
  const [unknown, authorities] = await Promise.all([
    unknownNodes(parts, record, signal),
    parts.home.readAuthorities(ref, signal).catch(unlessForbidden),
  ])
  if (unknown.length === 0 && authorities === undefined) return false
  if (!(await hasLeft(parts, record, signal))) return false
  if (unknown.length === 0) return true
  const problems = unknown.map((names): Problem => ({
    severity: 'error',
    message: `a cluster "${ref.name}" whose NestedCluster is gone has ${names}, which these settings do not count`,
    hint: `ask for as many nodes as there are; afterwards ${clusterCommand('scale', ref)} changes that`,
  }))
  throw new PreflightError('config', problems)
}

async function authorityProblems(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const [authorities, kubeconfig] = await Promise.all([
    home.readAuthorities(record, signal),
    home.readKubeconfig(record, signal),
  ])
  if (kubeconfig === undefined || authorityIn(kubeconfig) === authorities?.ca.cert) return []
  const pki = objectNames.pkiSecret(record.name)
  const access = objectNames.kubeconfigSecret(record.name)
  // New ones would be others than the disks and all who have a kubeconfig know.
  if (authorities === undefined)
    return [
      {
        severity: 'error',
        message: `Secret "${access}" is there without the authorities it trusts: neither Secret "${pki}" nor a control plane that answers has them`,
        hint: `restore "${pki}" from the same backup; if the cluster is to begin anew, delete "${access}"`,
      },
    ]
  return [
    {
      severity: 'error',
      message: `the kubeconfig in Secret "${access}" trusts another authority than Secret "${pki}" has`,
      hint: `restore both from one backup; if "${pki}" is right, delete "${access}"`,
    },
  ]
}

/** Those that are there and that the record does not count, in one text, as in `node "a-worker-0"`; or none. */
async function unknownNodes(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const nodes = await listNodes(record, await backendsOf(parts, record), signal)
  const wanted = new Set(desiredNodes(record, record.spec, nodes).map(({ name }) => name))
  const unknown = nodes.map(({ name }) => name).filter((name) => !wanted.has(name))
  if (unknown.length === 0) return []
  return [`${unknown.length === 1 ? 'node' : 'nodes'} ${unknown.map((name) => `"${name}"`).join(', ')}`]
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
