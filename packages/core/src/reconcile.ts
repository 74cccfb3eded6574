import { changedSpec } from './apply.js'
import type { ClusterRecord } from './contracts/cluster.js'
import type { RunOptions } from './contracts/clusters.js'
import type { HealAction, HealReport } from './contracts/health.js'
import { converge } from './converge.js'
import type { Parts } from './converge.js'
import { PreflightError } from './errors.js'
import { heal } from './health/heal.js'
import { leaseProblems } from './leases.js'
import { runPreflight } from './preflight.js'
import { specChanges } from './spec/changes.js'

/** What a controller does with a cluster now; commands finish what they began, or their user does. */
export type Duty = 'delete' | 'reconcile' | 'none'

/** Pure. */
export function dutyTo({ phase, wish, declared, deletedAt }: ClusterRecord): Duty {
  if (deletedAt !== undefined) return 'delete'
  if (phase === 'Creating') return declared === true || wish !== undefined ? 'reconcile' : 'none'
  return ['Paused', 'Resuming', 'Kept', 'Deleting'].includes(phase) ? 'none' : 'reconcile'
}

/** The caller holds the lock, and has seen that it is a controller's duty. */
export async function reconcileRecord(
  parts: Parts,
  found: ClusterRecord,
  run: RunOptions,
): Promise<HealReport> {
  const { record, actions } = await takeWish(parts, found, run)
  if (record.phase === 'Creating') {
    await converge(parts, record, 'Creating', run)
    const created: HealAction = { type: 'Normal', reason: 'Created', message: 'the cluster is Ready' }
    return { phase: 'Ready', actions: [...actions, created], nodes: [], nextAt: undefined }
  }
  const healed = await heal(parts, record, record.phase, run)
  return { ...healed, actions: [...actions, ...healed.actions] }
}

/** Makes what the object asks for what the cluster is made by, once it was checked. */
async function takeWish(
  parts: Parts,
  record: ClusterRecord,
  run: RunOptions,
): Promise<{ readonly record: ClusterRecord; readonly actions: readonly HealAction[] }> {
  const { home } = parts
  const { wish } = record
  if (home.accept === undefined) return { record, actions: [] }
  if (wish === undefined) {
    const isNew = record.phase === 'Creating'
    const spec = isNew ? await checked(parts, record, run) : record.spec
    const accepted = await home.accept(record, spec, run.signal)
    if (!isNew) return { record: accepted, actions: [] }
    await home.setStatus(record, { phase: 'Creating', conditions: [] }, run.signal)
    const action: HealAction = { type: 'Normal', reason: 'Accepted', message: 'the host fits; creating nodes' }
    return { record: { ...accepted, phase: 'Creating' }, actions: [action] }
  }
  const wanted = changedSpec(record, wish)
  const { changes } = specChanges(record.spec, wanted)
  if (changes.length === 0) return { record, actions: [] }
  refuse(await leaseProblems(parts, record, wanted, run.signal))
  const accepted = await home.accept(record, wanted, run.signal)
  const phase = record.phase === 'Creating' ? 'Creating' : 'Scaling'
  await home.setStatus(record, { phase, conditions: record.conditions }, run.signal)
  const said = changes.map(({ path, from, to }) => `${path}: ${from ?? 'nothing'} to ${to ?? 'nothing'}`)
  const action: HealAction = { type: 'Normal', reason: 'Changing', message: said.join(', ') }
  return { record: { ...accepted, phase }, actions: [action] }
}

async function checked(parts: Parts, record: ClusterRecord, run: RunOptions): Promise<ClusterRecord['spec']> {
  const { problems, resolved } = await runPreflight(parts, record, record.spec, run)
  refuse(problems)
  return resolved
}

function refuse(problems: PreflightError['problems']): void {
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new PreflightError('prerequisite', errors)
}
