import { clusterCommand } from '../commands.js'
import type { ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import type { HealAction, HealReport, HealRun } from '../contracts/health.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { converge } from '../converge/converge.js'
import { heal } from '../health/heal.js'
import { healWhenStarted } from '../health/heal-when-started.js'
import { permit, phaseTable } from '../phases/index.js'
import { endOf } from '../spec/lifetime.js'
import { SettingsRefused } from '../steps/settings-refused.js'
import { accepted } from './accept-spec.js'
import { adopt, isRestored } from './adopt.js'
import { asMade } from './changed-spec.js'
import { dutyTo, isUnfinished, untilEnd, whyOver } from './duty.js'
import { isOwnerGone } from './owner.js'
import { withoutRights } from './controller-permission.js'
import { takeBack } from './settings-change.js'
import { readRecord, recordOf, type OperationTools } from './tools.js'

export type ReconcileOperation = Pick<Clusters, 'heal' | 'reconcile'>

/** After that time whoever has made a record has the lock of its cluster, or is no more. */
const settledMs = 60_000

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
async function reconcileRecord(
  parts: Parts,
  found: ClusterRecord,
  run: HealRun,
  isTakenBack?: boolean,
): Promise<HealReport> {
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
  if (healed.failure instanceof SettingsRefused && isTakenBack !== true) {
    const action = await takeBack(
      parts,
      await readRecord(parts, record, run.signal),
      healed.failure,
      run.signal,
    )
    const back = await reconcileRecord(parts, await readRecord(parts, record, run.signal), run, true)
    return { ...back, actions: [...actions, ...healed.actions, action, ...back.actions] }
  }
  return { ...healed, actions: [...actions, ...healed.actions], failure: healed.failure ?? refusal }
}
