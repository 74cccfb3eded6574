import { clusterCommand } from '../commands.js'
import type { ClusterRecord, ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { ClusterKubeconfig, Clusters } from '../contracts/clusters.js'
import type { RunOptions } from '../contracts/run-options.js'
import { converge } from '../converge/converge.js'
import { planFor } from '../converge/plan-for.js'
import { KnestError } from '../errors.js'
import { permit, phaseTable } from '../phases/index.js'
import { nothing } from '../plan/observed.js'
import { planCluster } from '../plan/plan.js'
import { timed } from '../plan/timed.js'
import { specChanges } from '../spec/changes.js'
import { adopt, isRestored, refuseLeftNodes, refuseUnfit } from './adopt.js'
import { adminAccess, settledAccess } from './access.js'
import { withHostDefaults } from './changed-spec.js'
import { refuseErrors, runPreflight } from './preflight.js'
import { readRecord, type OperationTools } from './tools.js'

export type CreateOperation = Pick<Clusters, 'preflight' | 'create' | 'planCreate'>

type Prepared =
  | { readonly kind: 'new'; readonly spec: ClusterSpec; readonly isLeft: boolean }
  | { readonly kind: 'begun'; readonly record: ClusterRecord }

export function createOperation({ parts, exclusive }: OperationTools): CreateOperation {
  const { home } = parts

  const prepare = async (
    ref: ClusterRef,
    spec: ClusterSpec,
    record: ClusterRecord | undefined,
    run: RunOptions,
  ): Promise<Prepared> => {
    if (record !== undefined) return { kind: 'begun', record: resumable(record, spec) }
    const title = 'Check the host'
    const { problems, resolved } = await timed(run.clock, { id: 'check', title, needs: [] }, () =>
      run.progress.phase(title, (progress) => runPreflight(parts, ref, spec, { ...run, progress })),
    )
    refuseErrors(problems, run.progress)
    const isLeft = await refuseLeftNodes(parts, ref, resolved, run.signal)
    return { kind: 'new', spec: resolved, isLeft }
  }

  return {
    preflight: async (ref, spec, run) => (await runPreflight(parts, ref, spec, run)).problems,

    planCreate: async (ref, spec, run) => {
      const prepared = await prepare(ref, spec, await home.read(ref, run.signal), run)
      return prepared.kind === 'new'
        ? planCluster(ref, prepared.spec, nothing)
        : (await planFor(parts, creating(prepared.record), run.signal)).steps
    },

    create: async (ref, spec, run) => {
      const begunAt = performance.now()
      // A host that does not answer at all is told at once.
      let found: { readonly record: ClusterRecord | undefined } | undefined = {
        record: await home.read(ref, run.signal),
      }
      let isNew = false
      let access: ClusterKubeconfig | undefined
      const begin = async (signal: AbortSignal): Promise<ClusterRecord> => {
        const { record } = found ?? { record: await home.read(ref, signal) }
        found = undefined
        const prepared = await prepare(ref, spec, record, { ...run, signal })
        if (prepared.kind === 'begun') return prepared.record
        const created = await home.create(ref, prepared.spec, signal, run)
        isNew = !prepared.isLeft
        if (isNew) run.made?.()
        return created
      }
      const work = async (inner: RunOptions): Promise<void> => {
        const stored = await readRecord(parts, ref, inner.signal)
        // All was done, and the host went away when it was told so.
        if (access !== undefined && phaseTable[stored.phase].isCreated) return
        // Whoever held the lock before may have done the work.
        const current = resumable(stored, spec)
        await run.recorded?.(inner.signal)
        if (!isNew) {
          if (await isRestored(parts, current, inner.signal)) await refuseUnfit(parts, current, inner.signal)
          await adopt(parts, current, inner.signal)
        }
        if (current.phase === 'Kept')
          await home.setStatus(current, { phase: 'Creating', conditions: [] }, inner.signal)
        await converge(parts, creating(current), inner, async () => {
          access = await settledAccess(parts, current, inner)
          await run.deliver?.(access)
        })
      }
      await exclusive(begin, ref, run, work, begunAt)
      return access ?? adminAccess(parts, await readRecord(parts, ref, run.signal), run.signal)
    },
  }
}

/** A cluster that was deleted with its data kept becomes one that is being created. */
function creating(record: ClusterRecord): ClusterRecord {
  return record.phase === 'Kept' ? { ...record, phase: 'Creating', conditions: [] } : record
}

/** A record whose creation can go on with this desired spec. Pure. */
export function resumable(record: ClusterRecord, spec: ClusterSpec): ClusterRecord {
  permit('create', record)
  if (specChanges(record.spec, withHostDefaults(record.spec, spec)).changes.length === 0) return record
  const state = record.phase === 'Kept' ? 'kept its data' : 'is half created'
  throw new KnestError('already-exists', `cluster "${record.name}" ${state}, with other settings`, {
    hint: `run create with the settings it was begun with, or remove it: ${clusterCommand('delete', record)}`,
  })
}
