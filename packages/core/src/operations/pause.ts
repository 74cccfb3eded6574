import type { ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import { converge } from '../converge/converge.js'
import { planFor } from '../converge/plan-for.js'
import { KnestError } from '../errors.js'
import { addonsCondition } from '../observe/observe.js'
import { permit } from '../phases/index.js'
import { clusterStatus } from '../status/index.js'
import { settledAccess } from './access.js'
import { asMade } from './changed-spec.js'
import { refuseLoss } from './refuse-loss.js'
import { planNodeRemoval, removeNodes } from './remove-nodes.js'
import { readRecord, type OperationTools } from './tools.js'

export type PauseOperation = Pick<Clusters, 'pause' | 'planPause' | 'resume' | 'planResume'>

export function pauseOperation({ parts, exclusive }: OperationTools): PauseOperation {
  const { home } = parts

  const readPausable = async (ref: ClusterRef, signal: AbortSignal): Promise<ClusterRecord> =>
    pausable(await readRecord(parts, ref, signal))
  const paused = async (ref: ClusterRef, signal: AbortSignal): Promise<ClusterRecord> =>
    resuming(await readRecord(parts, ref, signal))

  return {
    planPause: async (ref, { signal }) => {
      const record = await readPausable(ref, signal)
      await refuseLoss(parts, record, signal)
      return planNodeRemoval(parts, record, true, signal)
    },

    pause: async (ref, run) =>
      exclusive(
        (signal) => readPausable(ref, signal),
        ref,
        run,
        async (inner) => {
          const record = await readPausable(ref, inner.signal)
          await refuseLoss(parts, record, inner.signal)
          await home.setStatus(record, { phase: 'Paused', conditions: record.conditions }, inner.signal)
          await removeNodes(parts, record, true, inner)
        },
      ),

    planResume: async (ref, { signal }) => (await planFor(parts, await paused(ref, signal), signal)).steps,

    resume: async (ref, run) => {
      let handedOver = false
      return exclusive(
        (signal) => paused(ref, signal),
        ref,
        run,
        async (inner) => {
          // All was done, and the host went away when it was told so.
          const found = await readRecord(parts, ref, inner.signal)
          if (handedOver && found.phase === 'Ready') return clusterStatus(parts, found, inner.signal)
          const record = resuming(found)
          // What cannot be resumed stays paused: throws when the disks are gone.
          if (found.phase === 'Paused') await planFor(parts, record, inner.signal)
          // Network and DNS are on the disks. A run that is interrupted must not have the next one install them anew.
          const conditions = record.conditions.filter(({ type }) => type === addonsCondition)
          await home.setStatus(record, { phase: record.phase, conditions }, inner.signal)
          await converge(parts, record, inner, async () => {
            await settledAccess(parts, record, inner)
            handedOver = true
          })
          return clusterStatus(parts, await readRecord(parts, ref, inner.signal), inner.signal)
        },
      )
    },
  }
}

function resuming(record: ClusterRecord): ClusterRecord {
  return { ...asMade(permit('resume', record)), phase: 'Resuming' }
}

/** Gives the record back, or throws what is against it. Pure. */
export function pausable(record: ClusterRecord): ClusterRecord {
  if (!permit('pause', record).spec.persistence.enabled) throw notPersistent(record)
  return record
}

function notPersistent({ name }: ClusterRef): KnestError {
  return new KnestError('config', `cluster "${name}" is not persistent: its disks go with its nodes`, {
    hint: 'only a cluster created with --persistent can be paused',
  })
}
