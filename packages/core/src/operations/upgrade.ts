import type { ClusterRef } from '../contracts/cluster.js'
import type { Clusters, UpgradeRequest } from '../contracts/clusters.js'
import type { RunOptions } from '../contracts/run-options.js'
import { permit } from '../phases/index.js'
import { summarize } from '../status/index.js'
import { carryOut, checkedChange, planChange, type Change } from './change.js'
import { readRecord, recordOf, type OperationTools } from './tools.js'
import { upgradedSpec, upgradePace } from './upgraded-spec.js'

export type UpgradeOperation = Pick<Clusters, 'upgrade' | 'planUpgrade'>

export function upgradeOperation({ parts, exclusive }: OperationTools): UpgradeOperation {
  const prepare = async (ref: ClusterRef, request: UpgradeRequest, run: RunOptions): Promise<Change> => {
    const pace = upgradePace(request)
    const before = permit('upgrade', await readRecord(parts, ref, run.signal))
    const change = await checkedChange(parts, before, upgradedSpec(before, request), run, { pace })
    return { ...change, phase: 'Upgrading', pace }
  }

  return {
    planUpgrade: async (ref, request, run) => planChange(parts, await prepare(ref, request, run), run.signal),

    upgrade: async (ref, request, run) =>
      exclusive(recordOf(parts, ref), ref, run, async (inner) => {
        await carryOut(parts, await prepare(ref, request, inner), inner)
        return summarize(parts, await readRecord(parts, ref, inner.signal), inner.signal)
      }),
  }
}
