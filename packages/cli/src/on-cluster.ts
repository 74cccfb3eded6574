import type { Clusters, ClusterRef, RunOptions } from 'knest'
import { checkTarget } from './cluster-target.js'
import type { Deps } from './deps.js'
import type { GlobalOptions } from './global-options.js'
import { findCluster, operate, withClusters } from './operation.js'
import type { TimeLimit } from './time-limit.js'
import { leftovers } from './leftovers.js'

export interface OnCluster {
  readonly clusters: Clusters
  readonly ref: ClusterRef
  /** Something that takes time; interrupted, it says what there is of the cluster. */
  readonly operate: <T>(work: (run: RunOptions) => Promise<T>) => Promise<T>
}

/** Finds an existing cluster by its name, and opens the host for the time of `work`. */
export async function onCluster(
  deps: Deps,
  options: GlobalOptions & TimeLimit & { readonly name: string },
  work: (on: OnCluster) => Promise<void>,
): Promise<void> {
  await checkTarget(deps, options)
  await withClusters(deps, options, async (clusters) => {
    const ref = await findCluster(deps, clusters, options)
    await work({
      clusters,
      ref,
      operate: (act) => operate(deps, options, act, () => leftovers(clusters, ref)),
    })
  })
}
