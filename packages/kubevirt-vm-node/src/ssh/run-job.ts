import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { KnestError, TextSink, toBytes } from '@knest/core'
import type { ExecResult, ExecTextOptions } from '@knest/core'
import type { RunOptions } from './command.js'
import { ConnectionLost, type SshConnection } from './connection.js'
import { follow, jobsFolder, kill, readCode, remove, start } from './job-scripts.js'
import { quote } from './quote.js'

/** Gives a connection, a new one when the last was lost; waits for it as long as the signal allows. */
export type Connect = (signal: AbortSignal) => Promise<SshConnection>

/** What `start` ends with when its standard input was cut off: nothing was begun. */
const cutOff = 75
/** How long an aborted job may take to be told so. */
const killMs = 3_000

/**
 * Runs a command that outlives the connection: detached in the node, with its output and exit code in
 * files. After a lost connection it is found again and its output goes on where it ended. Aborting ends it.
 */
export async function runJob(
  subject: string,
  connect: Connect,
  argv: readonly string[],
  options: Pick<ExecTextOptions, 'stdin' | 'signal'>,
  folder = jobsFolder,
): Promise<ExecResult> {
  const { signal } = options
  const job = `${folder}/${randomBytes(12).toString('hex')}`
  const stdin = toBytes(options.stdin ?? '')
  const stdout = new TextSink()
  const stderr = new TextSink()
  const run = (
    connection: SshConnection,
    command: readonly string[],
    more?: Partial<RunOptions>,
  ): Promise<number> => connection.run(quote(command), { signal, ...nowhere(), ...more })
  const command = argv[0] ?? ''
  let reached = false
  let started = false
  try {
    for (;;) {
      const connection = await connect(signal)
      reached = true
      try {
        if (!started) {
          const complaint = new TextSink()
          const begun = await run(connection, start(job, stdin.length, argv), { stdin, stderr: complaint })
          if (begun === cutOff) continue
          if (begun !== 0) throw notStarted(subject, command, complaint.text())
          started = true
        }
        const ended = await run(connection, follow(job, stdout.bytes, stderr.bytes), { stdout, stderr })
        if (ended !== 0) throw vanished(subject, command)
        const code = new TextSink()
        if ((await run(connection, readCode(job), { stdout: code })) !== 0) throw vanished(subject, command)
        await run(connection, remove(job)).catch(ignore)
        return { exitCode: Number(code.text()), stdout: stdout.text(), stderr: stderr.text() }
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error
      }
    }
  } catch (error) {
    if (signal.aborted && reached) await endJob(connect, job)
    throw error
  }
}

/** Best effort: who aborts does not wait for a node that cannot be reached. */
async function endJob(connect: Connect, job: string): Promise<void> {
  const soon = AbortSignal.timeout(killMs)
  try {
    const connection = await connect(soon)
    await connection.run(quote(kill(job)), { signal: soon, ...nowhere() })
  } catch {
    // It goes on, and the next command waits for it as for that of a killed knest.
  }
}

function ignore(): void {
  // The exit code says enough.
}

function nowhere(): Pick<RunOptions, 'stdout' | 'stderr'> {
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
  return { stdout: sink, stderr: sink }
}

function notStarted(subject: string, command: string, complaint: string): KnestError {
  return new KnestError(
    'host-unreachable',
    `"${command}" could not be started on ${subject}: ${complaint.trim()}`,
    {
      hint: 'is /run/knest of the node writable?',
    },
  )
}

function vanished(subject: string, command: string): KnestError {
  return new KnestError(
    'host-unreachable',
    `${subject} was restarted, or "${command}" was killed, before it ended`,
    {
      hint: 'run the same knest command again',
    },
  )
}
