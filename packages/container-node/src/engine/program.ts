import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import {
  collectText,
  connectCommand,
  endedBy,
  KnestError,
  onAbort,
  openDeadline,
  openInput,
  openOutput,
  unlessAborted,
  type CommandOutput,
  type ExecOptions,
  type ExecResult,
  type ExecTextOptions,
} from '@knest/core'

export interface ProgramOptions extends ExecTextOptions {
  /** Beside this process' own: what must not be on a command line, which everybody on the machine can read. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** On abort it may end by itself within some seconds: killed halfway it would leave half of something. */
  readonly letFinish?: boolean | undefined
}

type StreamOptions = ExecOptions & Pick<ProgramOptions, 'letFinish' | 'env'>

export type ProgramResult = ExecResult

/** What runs programs of this machine; a parameter, so that tests need no engine. */
export interface Programs {
  /**
   * Resolves when the program has ended, whatever its exit code. Rejects with `prerequisite` when there
   * is no such program, `timeout`, or `cancelled`; the program is gone by then.
   */
  run(argv: readonly string[], options: ProgramOptions): Promise<ProgramResult>
  /** The same with bytes, passed on as NodeHandle.exec does; gives the exit code. */
  stream(argv: readonly string[], options: StreamOptions): Promise<number>
  /** Sends the standard output of one program to the other. Gives the results of both. */
  pipe(
    from: readonly string[],
    to: readonly string[],
    options: Omit<ProgramOptions, 'stdin'>,
  ): Promise<readonly [ProgramResult, ProgramResult]>
  /** On this terminal; gives the exit code. */
  interactive(argv: readonly string[], signal: AbortSignal): Promise<number>
}

/** 128 + SIGTERM. */
const terminated = 143
const graceMs = 3_000
const finishMs = 15_000

export const programs: Programs = {
  run: (argv, options) => collectText((output) => stream(argv, { ...options, ...output })),

  stream,

  pipe: (from, to, options) => {
    const between = new PassThrough()
    const send = ({ stderr }: CommandOutput): Promise<number> =>
      stream(from, { ...options, stdout: between, stderr })
        .catch((error: unknown) => {
          // The sink has ended: nobody takes what the source has to say.
          if (!between.destroyed || error instanceof KnestError) throw error
          return terminated
        })
        .finally(() => between.end())
    return Promise.all([
      collectText(send),
      collectText((output) => stream(to, { ...options, ...output, stdin: between })),
    ])
  },

  interactive: (argv, signal) =>
    new Promise((resolve, reject) => {
      const [program = '', ...rest] = argv
      const child = spawn(program, rest, { stdio: 'inherit', signal })
      child.once('error', (error) => reject(startError(program, error)))
      child.once('close', (code, killer) => resolve(exitCodeOf(code, killer)))
    }),
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

function start(argv: readonly string[], env: ProgramOptions['env'] = {}): Child {
  const [program = '', ...rest] = argv
  // Its own session: Ctrl-C reaches knest alone, which then ends its programs in order.
  return spawn(program, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  })
}

async function stream(argv: readonly string[], options: StreamOptions): Promise<number> {
  if (options.signal.aborted) throw endedBy(options.signal)
  const deadline = openDeadline(options.signal, options.timeoutMs, () => tooLong(argv, options.timeoutMs))
  const child = start(argv, options.env)
  const input = openInput(options.stdin ?? '')
  const output = openOutput(options, child)
  try {
    connectCommand(child, input, output)
    const exitCode = await untilEnd(child, argv, options, deadline.signal, output.failed)
    await unlessAborted(output.taken(), deadline.signal)
    return exitCode
  } finally {
    deadline.clear()
    input.stop()
    output.release()
  }
}

/** Ends the program on abort and when its output goes nowhere, and waits for its end in any case. */
function untilEnd(
  child: Child,
  argv: readonly string[],
  options: StreamOptions,
  signal: AbortSignal,
  failed: Promise<never>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined
    let killTimer: NodeJS.Timeout | undefined
    const end = (error: Error): void => {
      failure ??= error
      child.kill('SIGTERM')
      clearTimeout(killTimer)
      killTimer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    }
    const forget = onAbort(signal, (error) => {
      if (options.letFinish === true && options.signal.aborted) {
        failure ??= error
        killTimer = setTimeout(() => end(error), finishMs)
      } else end(error)
    })
    failed.catch(end)
    child.once('error', (error) => {
      settle()
      reject(failure ?? startError(argv[0] ?? '', error))
    })
    const settle = (): void => {
      forget()
      clearTimeout(killTimer)
    }
    const onEnd = (code: number | null, killer: NodeJS.Signals | null): void => {
      settle()
      if (failure === undefined) resolve(exitCodeOf(code, killer))
      else reject(failure)
    }
    child.once('close', onEnd)
    // A program's own children may keep its output open: a killed one is not waited for longer.
    child.once('exit', (code, killer) => {
      if (failure !== undefined) onEnd(code, killer)
    })
  })
}

function exitCodeOf(code: number | null, killer: NodeJS.Signals | null): number {
  return code ?? (killer === 'SIGKILL' ? 137 : terminated)
}

function startError(program: string, error: Error): KnestError {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
  if (error.name === 'AbortError') return new KnestError('cancelled', 'cancelled', { cause: error })
  return new KnestError(
    'prerequisite',
    `"${program}" ${missing ? 'is not installed' : `does not start: ${error.message}`}`,
    {
      cause: error,
    },
  )
}

function tooLong(argv: readonly string[], timeoutMs: number): KnestError {
  const command = argv.slice(0, 3).join(' ')
  return new KnestError('timeout', `"${command} …" did not end within ${Math.round(timeoutMs / 1000)} s`)
}

/** The last lines of what a program said, as one line. */
export function lastWords(result: ProgramResult): string {
  const said = result.stderr.trim() === '' ? result.stdout : result.stderr
  const lines = said.trim().split('\n').slice(-3)
  return (
    lines.map((line) => line.replace(/^Error:\s*/, '').trim()).join('; ') || `exit code ${result.exitCode}`
  )
}
