import type { Reason } from './reasons.js'

/** Why an operation ended. The list is closed: callers branch on it, never on message text. */
export type ErrorCode =
  | 'usage'
  | 'config'
  | 'host-unreachable'
  | 'not-permitted'
  | 'prerequisite'
  | 'not-found'
  | 'already-exists'
  | 'conflict'
  | 'node-command'
  | 'timeout'
  | 'cancelled'

export interface KnestErrorOptions {
  /** What the user can do next, as one sentence part. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** The only error class thrown on purpose. The message names the object; it holds no secret. */
export class KnestError extends Error {
  override readonly name: string = 'KnestError'
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, options: KnestErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }
}

/** A `conflict` that ends by itself: somebody else has the lock now, or came to want it. */
export class BusyError extends KnestError {
  override readonly name = 'BusyError'

  constructor(message: string, options: KnestErrorOptions = {}) {
    super('conflict', message, options)
  }
}

/** A command on a node failed. Keeps what is needed to understand it, and no secrets. */
export class NodeCommandError extends KnestError {
  override readonly name = 'NodeCommandError'
  readonly node: string
  readonly argv: readonly string[]
  readonly exitCode: number
  readonly outputTail: string

  constructor(node: string, argv: readonly string[], exitCode: number, outputTail: string) {
    super('node-command', `${argv[0] ?? 'command'} failed on node "${node}" with exit code ${exitCode}`, {
      hint: 'see the output above',
    })
    this.node = node
    this.argv = argv
    this.exitCode = exitCode
    this.outputTail = outputTail
  }
}

/** One thing that stands in the way, found before anything was created. */
export interface Problem {
  readonly message: string
  /** How to cure it. */
  readonly hint: string
  /** `warning` does not stop a create. */
  readonly severity: 'error' | 'warning'
  /** It may end while one waits, as a cordon: the controller does, and a command has no time for it. */
  readonly mayPass?: boolean
  /** Which kind it is: for programs. Absent: none that has a name. */
  readonly reason?: Reason
  /** What it is about, as in `node/quickstart-worker-0`. Absent: the host or the cluster as a whole. */
  readonly object?: string
}

/** Several problems at once: what preflight found. */
export class PreflightError extends KnestError {
  override readonly name = 'PreflightError'
  readonly problems: readonly Problem[]

  constructor(code: 'prerequisite' | 'config' | 'not-permitted', problems: readonly Problem[]) {
    const first = problems[0]
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
    super(code, `${first?.message ?? 'preflight failed'}${more}`, { hint: first?.hint })
    this.problems = problems
  }
}

/** For `catch`: what this user may not see or touch is as if it were not there. Throws every other error. */
export function unlessForbidden(error: unknown): undefined {
  if (error instanceof KnestError && error.code === 'not-permitted') return undefined
  throw error
}
