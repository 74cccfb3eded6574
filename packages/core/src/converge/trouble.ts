import type { RunOptions } from '../contracts/run-options.js'
import { type KnestError, NodeCommandError } from '../errors.js'
import { isTemporary } from '../kube/temporary.js'
import { pause } from '../signals.js'

const firstPauseMs = 500
const longestPauseMs = 10_000
/** Whether kubeadm failed because all was slow or because it never can is nowhere said. */
const mostFailedCommands = 3

/** Who keeps going with the other steps, and who looks again later anyway, does not wait here. */
type Run = Pick<RunOptions, 'signal' | 'progress' | 'onlyIfFree'> & { readonly keepGoing?: boolean }

/**
 * What ends a plan and may pass: an API that cannot be reached now, a connection that was cut, a wait that a busy
 * machine was too slow for, a command on a node that failed.
 */
export class Trouble {
  readonly #run: Run
  #pauseMs = firstPauseMs
  #failedCommands = 0

  constructor(run: Run) {
    this.#run = run
  }

  /** Waits a moment and tells why. Throws the error when going on does not help, or is the caller's own matter. */
  async passed(error: unknown): Promise<void> {
    const { signal, progress, onlyIfFree, keepGoing } = this.#run
    if (signal.aborted || onlyIfFree === true || keepGoing === true || !this.#mayPass(error)) throw error
    progress.note(`${(error as KnestError).message}: trying again`)
    await pause(this.#pauseMs, signal).catch(() => {
      throw error
    })
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
  }

  #mayPass(error: unknown): boolean {
    if (!(error instanceof NodeCommandError)) return isTemporary(error)
    this.#failedCommands += 1
    return this.#failedCommands < mostFailedCommands
  }
}
