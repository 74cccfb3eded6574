import type { ClusterRecord, ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { ClusterChange, Clusters } from '../contracts/clusters.js'
import type { RunOptions } from '../contracts/run-options.js'
import { planFor } from '../converge/plan-for.js'
import { permit, phaseTable } from '../phases/index.js'
import { carryOut, checkedChange, type Change } from './change.js'
import { changedSpec, describeChange } from './changed-spec.js'
import { settingsChange } from './settings-change.js'
import type { CreateOperation } from './create.js'
import { readRecord, type OperationTools } from './tools.js'

export type ApplyOperation = Pick<Clusters, 'apply' | 'planApply'>

export function applyOperation(
  { parts, exclusive }: OperationTools,
  { create, planCreate }: Pick<CreateOperation, 'create' | 'planCreate'>,
): ApplyOperation {
  const { home } = parts

  /** What would change, and the change once it was checked; undefined where there is nothing to do. */
  const prepare = async (
    ref: ClusterRef,
    spec: ClusterSpec,
    run: RunOptions,
  ): Promise<{ readonly description: ClusterChange; readonly change: Change | undefined }> => {
    const before = permit('apply', await readRecord(parts, ref, run.signal))
    const wanted = changedSpec(before, spec)
    const settings = settingsChange(before, wanted)
    const { steps } = await planFor(parts, { ...before, spec: wanted, settings }, run.signal)
    const description = describeChange(before, spec, steps)
    // Of a change that ended before its last word nothing but that is left to do.
    const isUnchanged = description.action === 'unchanged' && !phaseTable[before.phase].isChanging
    return { description, change: isUnchanged ? undefined : await checkedChange(parts, before, wanted, run) }
  }

  /** The cluster to change; undefined where it is created, or its creation goes on. */
  const created = async (ref: ClusterRef, signal: AbortSignal): Promise<ClusterRecord | undefined> => {
    const record = await home.read(ref, signal)
    return record !== undefined && phaseTable[record.phase].isCreated ? record : undefined
  }

  return {
    planApply: async (ref, spec, run) => {
      if ((await created(ref, run.signal)) !== undefined) return (await prepare(ref, spec, run)).description
      return { action: 'created', changes: [], steps: await planCreate(ref, spec, run) }
    },

    apply: async (ref, spec, run) => {
      const found = await created(ref, run.signal)
      if (found === undefined) {
        await create(ref, spec, run)
        return 'created'
      }
      let action: ClusterChange['action'] = 'unchanged'
      return exclusive(
        () => Promise.resolve(found),
        ref,
        run,
        async (inner) => {
          const { change, description } = await prepare(ref, spec, inner)
          // Who goes on after an outage finds done what he has done himself.
          if (description.action !== 'unchanged') action = description.action
          if (change !== undefined) await carryOut(parts, change, inner)
          return action
        },
      )
    },
  }
}
