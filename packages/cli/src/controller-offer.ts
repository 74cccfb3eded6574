import { clusterCommand, KnestError, type ClusterRef, type RunOptions } from 'knest'
import type { Deps, OpenClusters } from './deps.js'
import { controllerImage } from 'knest'

/**
 * Sees to it that somebody heals the cluster that was just created. A host that does not let us is no failure:
 * the cluster works, and `knest heal` does the same by hand.
 */
export async function ensureController(
  deps: Deps,
  { controller }: Pick<OpenClusters, 'controller'>,
  ref: ClusterRef,
  { signal }: Pick<RunOptions, 'signal'>,
): Promise<void> {
  try {
    if ((await controller.find(signal)) === undefined) await controller.ensure(controllerImage, signal)
  } catch (error) {
    if (!(error instanceof KnestError) || error.code === 'cancelled') throw error
    deps.messages.note(
      `no controller looks after this cluster: ${error.message}; heal it with ${clusterCommand('heal', ref)}, or leave this note out with --no-controller`,
    )
  }
}

/** The controller that came with a cluster goes with the last one. One that cannot be looked for stays. */
export async function removeUnusedController(
  { controller }: Pick<OpenClusters, 'controller'>,
  going: ClusterRef,
  run: RunOptions,
): Promise<void> {
  try {
    await controller.removeIfUnused(going, run)
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'not-permitted') throw error
  }
}
