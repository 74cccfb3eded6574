import { clusterCommand, KnestError, type ClusterRef } from 'knest'
import type { Deps, OpenClusters } from '../deps.js'
import type { FoundHost } from '../find-host.js'
import type { GlobalOptions } from '../global-options.js'
import { timeLimit } from '../time-limit.js'
import { timingOptions } from '../timing/timing.js'
import { deleteOne } from './delete-one.js'

/** How far a `create` came. */
interface Begun {
  /** The host has a record of the cluster, which is not ready. */
  readonly isUnfinished: boolean
  /** This command has made it, and all that there is of the cluster. */
  readonly isOurs: boolean
}

/**
 * Says what becomes of a cluster whose creation failed: it stays, so that the same command goes on with it, or with
 * `rollback` it is deleted if this command made it. What became of one that was interrupted is said already.
 */
export async function settleFailedCreate(
  deps: Deps,
  open: OpenClusters,
  host: Pick<FoundHost, 'record'>,
  { ref, begun, ...options }: GlobalOptions & Failed,
  error: unknown,
): Promise<void> {
  if (!begun.isUnfinished || isOthers(error)) return
  const remove = clusterCommand('delete', ref)
  if (!options.rollback) {
    deps.messages.note(`what was made is kept; run the same command again to go on, or ${remove}`)
    return
  }
  if (!begun.isOurs) {
    deps.messages.note(
      `--rollback removes what this command began, and cluster "${ref.name}" was there before: it is kept; run the same command again to go on, or ${remove}`,
    )
    return
  }
  deps.messages.note(`the creation failed: cluster "${ref.name}" is removed again (--rollback)`)
  const asDelete = { keepData: false, ignoreNotFound: true, dryRun: false }
  try {
    await deleteOne(deps, open, host, {
      ...options,
      ...ref,
      ...asDelete,
      ...timeLimit(undefined),
      ...timingOptions({}),
    })
  } catch (why) {
    if (!(why instanceof KnestError)) throw why
    deps.messages.warning(`cluster "${ref.name}" was not removed: ${why.message}; remove it with ${remove}`)
  }
}

interface Failed {
  readonly ref: ClusterRef
  readonly begun: Begun
  readonly rollback: boolean
}

/** Interrupted, or somebody else works on the cluster now. */
function isOthers(error: unknown): boolean {
  return error instanceof KnestError && ['cancelled', 'conflict', 'already-exists'].includes(error.code)
}
