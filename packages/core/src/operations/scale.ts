import type { ClusterRef } from '../contracts/cluster.js'
import type { Clusters, ScaleRequest } from '../contracts/clusters.js'
import type { RunOptions } from '../contracts/run-options.js'
import { permit } from '../phases/index.js'
import { checkScale, scaledSpec } from '../spec/index.js'
import { summarize } from '../status/index.js'
import { carryOut, checkedChange, planChange, type Change } from './change.js'
import { readRecord, recordOf, type OperationTools } from './tools.js'

export type ScaleOperation = Pick<Clusters, 'scale' | 'planScale'>

export function scaleOperation({ parts, exclusive }: OperationTools): ScaleOperation {
  const prepare = async (ref: ClusterRef, request: ScaleRequest, run: RunOptions): Promise<Change> => {
    const before = permit('scale', await readRecord(parts, ref, run.signal))
    const counts = checkScale(request, before.spec, { force: request.force ?? false })
    return checkedChange(parts, before, scaledSpec(before.spec, counts), run)
  }

  return {
    planScale: async (ref, request, run) => planChange(parts, await prepare(ref, request, run), run.signal),

    scale: async (ref, request, run) =>
      exclusive(recordOf(parts, ref), ref, run, async (inner) => {
        await carryOut(parts, await prepare(ref, request, inner), inner)
        // All of it was Ready a moment ago: nobody asks every node once more.
        return summarize(parts, await readRecord(parts, ref, inner.signal), inner.signal)
      }),
  }
}
