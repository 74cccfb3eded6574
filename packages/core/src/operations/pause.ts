import type { ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import { converge } from '../converge/converge.js'
import { planFor } from '../converge/plan-for.js'
import { KnestError } from '../errors.js'
import { permit } from '../phases/index.js'
import { clusterStatus } from '../status/index.js'
import { settledAccess } from './access.js'
import { planNodeRemoval, removeNodes } from './remove-nodes.js'
import { readRecord, type OperationTools } from './tools.js'

export type PauseOperation = Pick<Clusters, 'pause' | 'planPause' | 'resume' | 'planResume'>

export function pauseOperation({ parts, exclusive }: OperationTools): PauseOperation {
  const { home } = parts

  const pausable = async (ref: ClusterRef, signal: AbortSignal): Promise<ClusterRecord> => {
    const record = permit('pause', await readRecord(parts, ref, signal))
    if (!record.spec.persistence.enabled) throw notPersistent(ref)
    return record
  }
  const paused = async (ref: ClusterRef, signal: AbortSignal): Promise<ClusterRecord> => ({
    ...permit('resume', await readRecord(parts, ref, signal)),
    phase: 'Resuming',
  })

  return {
    planPause: async (ref, { signal }) => planNodeRemoval(parts, await pausable(ref, signal), true, signal),

    pause: async (ref, run) =>
      exclusive(await pausable(ref, run.signal), run, async (inner) => {
        const record = await pausable(ref, inner.signal)
        await home.setStatus(ref, { phase: 'Paused', conditions: record.conditions }, inner.signal)
        await removeNodes(parts, record, true, inner)
      }),

    planResume: async (ref, { signal }) => (await planFor(parts, await paused(ref, signal), signal)).steps,

    resume: async (ref, run) =>
      exclusive(await paused(ref, run.signal), run, async (inner) => {
        const record = await paused(ref, inner.signal)
        await home.setStatus(ref, { phase: record.phase, conditions: [] }, inner.signal)
        await converge(parts, record, inner, async () => {
          await settledAccess(parts, record, inner.signal)
        })
        return clusterStatus(parts, await readRecord(parts, ref, inner.signal), inner.signal)
      }),
  }
}

function notPersistent({ name }: ClusterRef): KnestError {
  return new KnestError('config', `cluster "${name}" is not persistent: its disks go with its nodes`, {
    hint: 'only a cluster created with --persistent can be paused',
  })
}
