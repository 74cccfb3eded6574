import { clusterCommand } from '../commands.js'
import { makeCondition, withCondition } from '../contracts/condition.js'
import type { ClusterCondition, ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import type { HealAction, HealReport, HealRun } from '../contracts/health.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { converge } from '../converge/converge.js'
import { PreflightError } from '../errors.js'
import { heal } from '../health/heal.js'
import { healWhenStarted } from '../health/heal-when-started.js'
import { changingReason, permit, phaseTable } from '../phases/index.js'
import { specChanges } from '../spec/changes.js'
import { declaredProblems } from '../spec/declared.js'
import { endOf } from '../spec/lifetime.js'
import { ownerOf } from '../spec/owner.js'
import { adopt, isRestored, refuseUnfit } from './adopt.js'
import { checkedChange } from './change.js'
import { asMade, changedSpec, halfWayFault, isAskedToChange } from './changed-spec.js'
import { passing, refuseErrors, runPreflight } from './preflight.js'
import { isOwnerGone, ownerText } from './owner.js'
import { withoutRights } from './controller-permission.js'
import { readRecord, recordOf, type OperationTools } from './tools.js'

export type ReconcileOperation = Pick<Clusters, 'heal' | 'reconcile'>

/** What a controller does with a cluster now; commands finish what they began, or their user does. */
export type Duty = 'delete' | 'reconcile' | 'none'

/** Pure. `now`: milliseconds since 1970. */
export function dutyTo(record: ClusterRecord, now: number): Duty {
  const { phase, desiredSpec, declared, deletedAt } = record
  if (deletedAt !== undefined || isOver(record, now)) return 'delete'
  const { reconciled } = phaseTable[phase]
  if (reconciled === 'declared') return declared === true || desiredSpec !== undefined ? 'reconcile' : 'none'
  return reconciled === 'always' ? 'reconcile' : 'none'
}

/** After that time whoever has made a record has the lock of its cluster, or is no more. */
const settledMs = 60_000

/** Its create has not come to its end, and is a command's: nobody else goes on with it. Pure. */
function isUnfinished({ phase, declared, deletedAt }: ClusterRecord): boolean {
  return phase === 'Creating' && declared !== true && deletedAt === undefined
}

/** For the log. */
function whyOver(record: ClusterRecord, isLeft: boolean): string {
  const owner = ownerOf(record)
  return isLeft && owner !== undefined ? `${ownerText(owner)} is gone` : 'its time (ttl) is over'
}

/** Its time is over, whoever made it and whatever it is doing. Pure. */
function isOver(record: ClusterRecord, now: number): boolean {
  return (endOf(record) ?? Infinity) <= now
}

/** With a look at the end of its time. */
function untilEnd(report: HealReport, record: ClusterRecord): HealReport {
  const times = [report.nextAt, endOf(record)].filter((at) => at !== undefined)
  return times.length === 0 ? report : { ...report, nextAt: Math.min(...times) }
}

export function reconcileOperation(
  { parts, exclusive }: OperationTools,
  remove: Pick<Clusters, 'delete'>,
): ReconcileOperation {
  /** Says whose turn it is where nobody works on the cluster; BusyError where somebody does. */
  const unlessMade = (record: ClusterRecord, run: HealRun): Promise<readonly HealAction[]> =>
    exclusive(
      () => Promise.resolve(record),
      record,
      run,
      async ({ signal }) => {
        const now = await parts.home.read(record, signal)
        if (now?.uid !== record.uid || !isUnfinished(now)) return []
        const message = `the cluster ${phaseTable.Creating.unfinished?.message ?? ''}, and no command works on it: run create again with the same settings to go on, or remove it with ${clusterCommand('delete', record)}`
        return [{ type: 'Warning', reason: 'CreateUnfinished', message }]
      },
    )

  return {
    heal: (ref, run) =>
      exclusive(recordOf(parts, ref), ref, run, async (inner) => {
        const read = async (): Promise<ClusterRecord> =>
          asMade(permit('heal', await readRecord(parts, ref, inner.signal)))
        return healWhenStarted(parts, read, { ...inner, thorough: true })
      }),

    reconcile: async (ref, run) => {
      const found = await parts.home.read(ref, run.signal)
      const idle = { phase: found?.phase ?? 'Deleting', actions: [], nodes: [], nextAt: undefined }
      if (found === undefined) {
        await removePlace(parts, ref, run)
        return idle
      }
      if (found.isOrphaning === true) {
        await leaveNodes(parts, found, run)
        return idle
      }
      const dated = dutyTo(found, Date.now())
      const isLeft = dated !== 'delete' && (await isOwnerGone(parts, found, run))
      const duty = isLeft ? 'delete' : dated
      if (duty === 'none' && !(await isRestored(parts, found, run.signal))) {
        if (!isUnfinished(found)) return untilEnd(idle, found)
        if (run.isSettled !== true) return untilEnd({ ...idle, nextAt: Date.now() + settledMs }, found)
        // Without rights there the lock cannot be looked at, nor can anything be said.
        if ((await parts.home.controllerRights?.barred(found, run.signal)) !== undefined)
          return untilEnd(idle, found)
        const actions = await unlessMade(found, run)
        return untilEnd({ ...idle, actions }, found)
      }
      const barred = await withoutRights(parts, found, run)
      if (barred !== undefined) return { ...idle, ...barred }
      if (duty === 'delete') {
        // The garbage collector may have been faster than this look.
        if ((await parts.home.isLetGo?.(found, run.signal)) === true) {
          await leaveNodes(parts, found, run)
          return idle
        }
        const work = (): Promise<unknown> => remove.delete(ref, { ...run, keepData: false })
        if (found.deletedAt === undefined)
          await run.progress.phase(`Delete it, ${whyOver(found, isLeft)}`, work)
        else await work()
        return idle
      }
      // Whatever is waited for, it is not waited for behind its end.
      const timeoutMs = Math.min(run.timeoutMs, (endOf(found) ?? Infinity) - Date.now())
      return exclusive(
        () => Promise.resolve(found),
        ref,
        { ...run, timeoutMs },
        async (inner) => {
          const record = await readRecord(parts, ref, inner.signal)
          const isDue = dutyTo(record, Date.now()) === 'reconcile'
          if (!isDue && !(await isRestored(parts, record, inner.signal))) return untilEnd(idle, record)
          return untilEnd(await reconcileRecord(parts, record, { ...inner, thorough: run.thorough }), record)
        },
      )
    },
  }
}

/** An object that nobody had looked at before it was deleted goes by itself; its namespace goes with it all the same. */
async function removePlace({ home }: Parts, ref: ClusterRef, { signal }: RunOptions): Promise<void> {
  if (home.controllerRights === undefined) return
  if ((await home.controllerRights.barred(ref, signal)) !== undefined) return
  await home.remove(ref, { keepData: false, signal, isRecordGone: true })
}

/** The object goes, and the cluster with all that it has stays, until somebody makes it his again. */
async function leaveNodes({ home }: Parts, record: ClusterRecord, run: RunOptions): Promise<void> {
  run.progress.warn(
    `the NestedCluster goes alone, as with --cascade=orphan: the nodes of cluster "${record.name}" stay`,
  )
  await home.controllerRights?.letGo(record, run.signal)
}

/** The caller holds the lock, and has seen that it is a controller's duty. */
async function reconcileRecord(parts: Parts, found: ClusterRecord, run: HealRun): Promise<HealReport> {
  const taken = await accepted(parts, found, run)
  const { record, refusal } = taken
  const isLookedOver = record.phase === 'Creating' || run.thorough === true
  const adopted = isLookedOver ? await adopt(parts, record, run.signal) : []
  const actions = [...taken.actions, ...adopted]
  if (record.phase === 'Creating') {
    await converge(parts, record, run)
    const created: HealAction = { type: 'Normal', reason: 'Created', message: 'the cluster is Ready' }
    return { phase: 'Ready', actions: [...actions, created], nodes: [], nextAt: undefined, failure: refusal }
  }
  const healed = await heal(parts, record, run)
  return { ...healed, actions: [...actions, ...healed.actions], failure: healed.failure ?? refusal }
}

interface Taken {
  readonly record: ClusterRecord
  readonly actions: readonly HealAction[]
  /** Why the cluster stays what it was made by. */
  readonly refusal?: PreflightError
}

/**
 * Accepts the desired spec, or says on the cluster why it cannot be. Throws that where nothing was accepted before:
 * there is no cluster to look after.
 */
async function accepted(parts: Parts, found: ClusterRecord, run: RunOptions): Promise<Taken> {
  const say = async (record: ClusterRecord, condition: ClusterCondition): Promise<ClusterRecord> => {
    const before = record.conditions.find(({ type }) => type === condition.type)
    const isSaid = before?.status === condition.status && before.message === condition.message
    if (isSaid && !isNewer(record)) return record
    const conditions = withCondition(record.conditions, condition)
    await parts.home.setStatus(record, { phase: record.phase, conditions }, run.signal)
    return { ...record, conditions, observedGeneration: record.generation }
  }
  const asked = found.desiredSpec?.kubernetesVersion
  const halfWay = asked === undefined ? undefined : halfWayFault(found, asked)
  if (halfWay !== undefined) {
    // What has begun goes on: the nodes cannot become of one version otherwise.
    const message = `${halfWay.message}; ${asked ?? ''} is looked at when that is done`
    const condition = makeCondition('Accepted', 'False', 'HalfWay', message)
    const record = await say(asMade(found), { ...condition, observedGeneration: found.generation })
    return { record, actions: [{ type: 'Warning', reason: 'Refused', message }] }
  }
  try {
    if (found.desiredProblems !== undefined) throw new PreflightError('config', found.desiredProblems)
    const { record, actions } = await acceptDesiredSpec(parts, await changing(parts, found, run.signal), run)
    const yes = makeCondition('Accepted', 'True', 'Checked', 'the cluster can be as its object asks for')
    // What was found before speaks of an object that asks for the same.
    const conditions = isNewer(record) ? record.conditions.map(anew) : record.conditions
    return { record: await say({ ...record, conditions }, yes), actions }
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error
    const said = error.problems.map(({ message }) => message).join('; ')
    const condition = makeCondition('Accepted', 'False', 'Refused', said)
    const record = await say(found, { ...condition, observedGeneration: found.generation })
    if (found.desiredSpec === undefined) throw error
    return { record: asMade(record), actions: [], refusal: error }
  }
}

/** Makes what the object asks for what the cluster is made by, once it was checked. */
async function acceptDesiredSpec(parts: Parts, record: ClusterRecord, run: RunOptions): Promise<Taken> {
  const { home } = parts
  const { desiredSpec } = record
  if (home.accept === undefined) return { record, actions: [] }
  if (desiredSpec === undefined) {
    const isNew = record.phase === 'Creating'
    const spec = isNew ? await begun(parts, record, run) : record.spec
    const next = await home.accept(record, spec, run.signal)
    if (!isNew) return { record: next, actions: [] }
    await home.setStatus(record, { phase: 'Creating', conditions: [] }, run.signal)
    const action: HealAction = {
      type: 'Normal',
      reason: 'Accepted',
      message: 'the host fits; creating nodes',
    }
    return { record: { ...next, phase: 'Creating' }, actions: [action] }
  }
  const wanted = changedSpec(record, desiredSpec)
  const { changes } = specChanges(record.spec, wanted)
  if (changes.length === 0) return { record, actions: [] }
  // A count that a command was forced to stays as it is.
  if (changes.some(({ path }) => path === 'controlPlane.count')) refuseDeclared(record, wanted)
  const change = await checkedChange(parts, record, wanted, run, { mayWait: true })
  const next = await home.accept(record, wanted, run.signal)
  const phase = record.phase === 'Creating' ? 'Creating' : change.phase
  await home.setStatus(record, { phase, conditions: record.conditions }, run.signal)
  const said = changes.map(({ path, from, to }) => `${path}: ${from ?? 'nothing'} to ${to ?? 'nothing'}`)
  const action: HealAction = { type: 'Normal', reason: 'Changing', message: said.join(', ') }
  return { record: { ...next, phase }, actions: [action] }
}

/** Its object was changed since somebody last said how the cluster is. */
function isNewer({ generation, observedGeneration }: ClusterRecord): boolean {
  return generation !== observedGeneration
}

function anew({ observedGeneration: _, ...condition }: ClusterCondition): ClusterCondition {
  return condition
}

/** Says that it is to change before anything is checked, which takes its time. Gives the record as it is then. */
async function changing(parts: Parts, record: ClusterRecord, signal: AbortSignal): Promise<ClusterRecord> {
  const { phase, conditions, observedGeneration } = record
  if (observedGeneration === undefined || !isNewer(record) || !isAskedToChange(record)) return record
  const message = 'what the object asks for has changed'
  const ready = makeCondition('Ready', 'False', changingReason, message)
  await parts.home.setStatus(record, { phase, conditions: withCondition(conditions, ready) }, signal)
  return readRecord(parts, record, signal)
}

/** What a cluster that nobody has worked on yet is made by, checked. */
async function begun(parts: Parts, record: ClusterRecord, run: RunOptions): Promise<ClusterRecord['spec']> {
  if (await isRestored(parts, record, run.signal)) await refuseUnfit(parts, record, run.signal)
  // A command has decided and checked everything once.
  if (record.declared !== true) return record.spec
  refuseDeclared(record, record.spec)
  return checked(parts, record, run)
}

async function checked(parts: Parts, record: ClusterRecord, run: RunOptions): Promise<ClusterRecord['spec']> {
  const { problems, resolved } = await runPreflight(parts, record, record.spec, run)
  // Pods may wait for nodes, as those of any other object that was declared.
  refuseErrors(problems.map(passing), run.progress)
  return resolved
}

/** Throws PreflightError (`config`) with what the object asks for and a command would refuse. */
function refuseDeclared(record: ClusterRecord, spec: ClusterRecord['spec']): void {
  const problems = declaredProblems(record, spec)
  if (problems.length > 0) throw new PreflightError('config', problems)
}
