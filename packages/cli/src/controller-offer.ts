import {
  clusterCommand,
  knestCommand,
  KnestError,
  type ClusterRef,
  type ClusterSpec,
  type RunOptions,
} from 'knest'
import type { Deps, OpenClusters } from './deps.js'
import { controllerImage } from 'knest'

/**
 * Sees to it that somebody heals this cluster: the controller that is there, else one that comes with it if that is
 * `wanted`. A host that does not let us is no failure: the cluster works, and `knest heal` does the same by hand.
 */
export async function ensureController(
  deps: Deps,
  { controller }: Pick<OpenClusters, 'controller'>,
  ref: ClusterRef,
  { signal }: Pick<RunOptions, 'signal'>,
  wanted: boolean,
): Promise<void> {
  let isThere = false
  try {
    isThere = (await controller.find(signal)) !== undefined
    if (!isThere && !wanted) return
    if (!isThere) await controller.ensure(controllerImage, signal)
    isThere = true
    await controller.bind(ref, signal)
  } catch (error) {
    if (!(error instanceof KnestError) || error.code === 'cancelled') throw error
    if (wanted) deps.messages.note(lonely(ref, isThere, error.message))
  }
}

/**
 * For a cluster with an end: it must come whatever becomes of this command, so the controller is there before the
 * cluster is. Gives what lets it work there: to be called when there is a namespace, and again when there is the cluster
 * that its rights go with. Throws `prerequisite` where there is none.
 */
export async function bindBefore(
  { controller }: Pick<OpenClusters, 'controller'>,
  { ref, spec }: { readonly ref: ClusterRef; readonly spec: ClusterSpec },
  wanted: boolean,
  signal: AbortSignal,
): Promise<((signal: AbortSignal) => Promise<void>) | undefined> {
  if (spec.ttl === undefined && spec.deleteWith === undefined) return undefined
  if ((await controller.find(signal)) === undefined) {
    if (!wanted) {
      throw new KnestError(
        'prerequisite',
        `cluster "${ref.name}" is to end by itself, and the host has no controller that would delete it`,
        { hint: `leave --no-controller out, or ${spec.ttl === undefined ? '--delete-with' : '--ttl'}` },
      )
    }
    await controller.ensure(controllerImage, signal)
  }
  return (under) => controller.bind(ref, under, true)
}

function lonely(ref: ClusterRef, isThere: boolean, said: string): string {
  const heal = clusterCommand('heal', ref)
  return isThere
    ? `the controller of this host does not look after this cluster: ${said}; heal it with ${heal}, or have somebody who may bind roles run ${knestCommand('host', 'install', 'controller')}`
    : `no controller looks after this cluster: ${said}; heal it with ${heal}, or leave this note out with --no-controller`
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
