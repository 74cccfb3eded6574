import { collectText, KnestError, openDeadline, seconds } from '@knest/core'
import type { ExecLimits, ExecTextOptions, NodeHandle, NodeRole } from '@knest/core'
import type { RunOptions } from './command.js'
import { ConnectionLost } from './connection.js'
import { quote } from './quote.js'
import { runJob } from './run-job.js'
import type { SshSession } from './session.js'
import { openSshTerminal } from './terminal.js'

export interface HandleOptions {
  readonly name: string
  readonly role: NodeRole
  readonly session: SshSession
  /** Longer time limits for an emulated machine: a factor. */
  readonly timeoutFactor: () => Promise<number>
  /** Where detached commands keep their files. */
  readonly jobsFolder?: string | undefined
}

/** A command that may take longer than this must survive a dropped connection. */
const longMs = 30_000

/** A node whose commands travel over SSH. Connects with the first of them. */
export function openSshNode({ name, role, session, timeoutFactor, jobsFolder }: HandleOptions): NodeHandle {
  const subject = `node "${name}"`
  const bounded = async <O extends ExecLimits, T>(
    argv: readonly string[],
    options: O,
    run: (within: O) => Promise<T>,
  ): Promise<T> => {
    const timeoutMs = options.timeoutMs * (await timeoutFactor())
    const deadline = openDeadline(options.signal, timeoutMs, () => {
      const message = `command "${argv[0] ?? ''}" on ${subject} did not end within ${seconds(timeoutMs)}`
      return new KnestError('timeout', message)
    })
    try {
      return await run({ ...options, signal: deadline.signal })
    } finally {
      deadline.clear()
    }
  }
  return {
    name,
    role,
    exec: (argv, options) => bounded(argv, options, (within) => runNow(session, argv, within)),
    execText: (argv, options) =>
      bounded(argv, options, (within) =>
        options.timeoutMs <= longMs
          ? untilAnswered(within, () =>
              collectText((output) => runNow(session, argv, { ...within, ...output })),
            )
          : runJob(subject, (signal) => session.connect(signal), argv, within, jobsFolder),
      ),
    dial: async (port, signal) => {
      // Over SSH and not the subresource: it has flow control, half-closed streams and one way in for all.
      const connection = await session.connect(signal)
      return connection.dial(port, signal).catch(async (error: unknown) => {
        if (!(error instanceof ConnectionLost)) throw error
        return (await session.connect(signal)).dial(port, signal)
      })
    },
    terminal: async (argv, streams, signal) =>
      openSshTerminal(await session.connect(signal), subject, argv, streams, signal),
  }
}

/** Each try waits for a connection, as long as the signal allows. */
async function untilAnswered<T>(
  { repeatable, signal }: Pick<ExecTextOptions, 'repeatable' | 'signal'>,
  run: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (repeatable !== true || signal.aborted || !(error instanceof ConnectionLost)) throw error
    }
  }
}

/** Once more when the kept connection turns out to be dead; not when the command may have begun. */
async function runNow(session: SshSession, argv: readonly string[], options: RunOptions): Promise<number> {
  const run = async (): Promise<number> => (await session.connect(options.signal)).run(quote(argv), options)
  return run().catch((error: unknown) => {
    if (!(error instanceof ConnectionLost) || error.begun) throw error
    return run()
  })
}
