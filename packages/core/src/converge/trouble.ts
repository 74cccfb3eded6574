import type { RunOptions } from '../contracts/run-options.js'
import { KnestError, NodeCommandError } from '../errors.js'
import { isTemporary } from '../kube/temporary.js'
import { pause } from '../signals.js'

const firstPauseMs = 500
const longestPauseMs = 30_000
/** Whether kubeadm failed because all was slow or because it never can is nowhere said. */
const mostFailures = 3
/** Who waited for longer than this waited for somebody else: room on the host, an image. */
const longWaitMs = 120_000

/** Who keeps going with the other steps, and who looks again later anyway, does not wait here. */
type Run = Pick<RunOptions, 'signal' | 'progress' | 'onlyIfFree'> & { readonly keepGoing?: boolean }

/**
 * What ends a plan and may pass: an API that cannot be reached now, a connection that was cut, a wait that a busy
 * machine was too slow for, a command on a node that failed.
 */
export class Trouble {
  readonly #run: Run
  #pauseMs = firstPauseMs
  #begunAt = Date.now()
  readonly #failures = new Map<string, number>()

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
    this.#begunAt = Date.now()
  }

  #mayPass(error: unknown): boolean {
    if (error instanceof NodeCommandError) {
      const command = `${error.node} ${error.argv.join(' ')}`
      const failures = (this.#failures.get(command) ?? 0) + 1
      this.#failures.set(command, failures)
      return failures < mostFailures
    }
    const waited = error instanceof KnestError && error.code === 'timeout' ? Date.now() - this.#begunAt : 0
    return waited < longWaitMs && isTemporary(error)
  }
}
