import type { ClusterPhase } from './cluster.js'
import type { RunOptions } from './run-options.js'

/** Something that was done to a cluster, or refused: becomes an Event. */
export interface HealAction {
  readonly type: 'Normal' | 'Warning'
  /** One word in CamelCase, as Events have it. */
  readonly reason: string
  readonly message: string
}

export interface HealRun extends RunOptions {
  /** Also asks every node what only nodes can tell: certificates that end soon, an upgrade that is due. */
  readonly thorough?: boolean | undefined
  /** The record has been there for a while: a command that makes its cluster has the lock, or is no more. */
  readonly isSettled?: boolean | undefined
}

/** What was found and done. */
export interface HealReport {
  readonly phase: ClusterPhase
  readonly actions: readonly HealAction[]
  /** Every node as it was found, before anything was done. */
  readonly nodes: readonly {
    readonly name: string
    readonly role: 'control-plane' | 'worker'
    readonly health: string
  }[]
  /** Milliseconds since 1970 at which to look again though nobody tells of anything; undefined: never. */
  readonly nextAt: number | undefined
  /**
   * The first error, or why what the object asks for is refused; what did not depend on it was done all the same.
   * Absent when nothing failed.
   */
  readonly failure?: Error | undefined
}
