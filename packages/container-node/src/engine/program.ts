import { spawn, type ChildProcess } from 'node:child_process'
import { pipeline } from 'node:stream/promises'
import { StringDecoder } from 'node:string_decoder'
import { KnestError } from '@knest/core'

export interface ProgramOptions {
  /** Sent to standard input, which is then at its end. */
  readonly stdin?: string | Buffer | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onStdout?: ((chunk: string) => void) | undefined
  /** On abort it may end by itself within some seconds: killed halfway it would leave half of something. */
  readonly letFinish?: boolean | undefined
}

export interface ProgramResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** What runs programs of this machine; a parameter, so that tests need no engine. */
export interface Programs {
  /**
   * Resolves when the program has ended, whatever its exit code. Rejects with `prerequisite` when there
   * is no such program, `timeout`, or `cancelled`; the program is gone by then.
   */
  run(argv: readonly string[], options: ProgramOptions): Promise<ProgramResult>
  /** Sends the standard output of one program to the other. Gives the results of both. */
  pipe(
    from: readonly string[],
    to: readonly string[],
    options: Omit<ProgramOptions, 'stdin'>,
  ): Promise<readonly [ProgramResult, ProgramResult]>
  /** On this terminal; gives the exit code. */
  interactive(argv: readonly string[], signal: AbortSignal): Promise<number>
}

const mostOutput = 16 * 1024 * 1024
const graceMs = 3_000
const finishMs = 15_000

export const programs: Programs = {
  run: async (argv, options) => {
    if (options.signal.aborted) throw cancelled(options.signal)
    const child = start(argv)
    const ended = watch(child, argv, options)
    // A program that ends before it has read everything is judged by its exit code.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.stdin)
    return ended
  },

  pipe: async (from, to, options) => {
    if (options.signal.aborted) throw cancelled(options.signal)
    const source = start(from)
    const sink = start(to)
    source.stdin?.end()
    const copied =
      source.stdout === null || sink.stdin === null
        ? Promise.resolve()
        : pipeline(source.stdout, sink.stdin).catch(() => source.kill('SIGTERM'))
    const results = await Promise.all([
      watch(source, from, { ...options, onStdout: undefined }, false),
      watch(sink, to, options),
    ])
    await copied
    return results
  },

  interactive: (argv, signal) =>
    new Promise((resolve, reject) => {
      const [program = '', ...rest] = argv
      const child = spawn(program, rest, { stdio: 'inherit', signal })
      child.once('error', (error) => reject(startError(program, error)))
      child.once('close', (code, killer) => resolve(exitCodeOf(code, killer)))
    }),
}

function start(argv: readonly string[]): ChildProcess {
  const [program = '', ...rest] = argv
  // Its own session: Ctrl-C reaches knest alone, which then ends its programs in order.
  return spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
}

function watch(
  child: ChildProcess,
  argv: readonly string[],
  { timeoutMs, signal, onStdout, letFinish }: ProgramOptions,
  readStdout = true,
): Promise<ProgramResult> {
  const stdout = collect(onStdout)
  const stderr = collect()
  if (readStdout) child.stdout?.on('data', stdout.write)
  child.stderr?.on('data', stderr.write)
  return new Promise((resolve, reject) => {
    let failure: KnestError | undefined
    let killTimer: NodeJS.Timeout | undefined
    const end = (error: KnestError): void => {
      failure ??= error
      child.kill('SIGTERM')
      clearTimeout(killTimer)
      killTimer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    }
    const onAbort = (): void => {
      const error = cancelled(signal)
      if (letFinish === true) {
        failure ??= error
        killTimer = setTimeout(() => end(error), finishMs)
      } else end(error)
    }
    const timer = setTimeout(() => end(tooLong(argv, timeoutMs)), timeoutMs)
    signal.addEventListener('abort', onAbort, { once: true })
    const forget = (): void => {
      clearTimeout(timer)
      clearTimeout(killTimer)
      signal.removeEventListener('abort', onAbort)
    }
    child.once('error', (error) => {
      forget()
      reject(failure ?? startError(argv[0] ?? '', error))
    })
    const settle = (code: number | null, killer: NodeJS.Signals | null): void => {
      forget()
      if (failure === undefined)
        resolve({ exitCode: exitCodeOf(code, killer), stdout: stdout.end(), stderr: stderr.end() })
      else reject(failure)
    }
    child.once('close', settle)
    // A program's own children may keep its output open: a killed one is not waited for longer.
    child.once('exit', (code, killer) => {
      if (failure !== undefined) settle(code, killer)
    })
  })
}

/** Keeps the first 16 MiB. */
function collect(onText?: (text: string) => void): { write: (data: Buffer) => void; end: () => string } {
  const decoder = new StringDecoder('utf8')
  const pieces: string[] = []
  let bytes = 0
  return {
    write: (data) => {
      const text = decoder.write(data)
      if (bytes < mostOutput) pieces.push(text)
      bytes += data.length
      if (text !== '') onText?.(text)
    },
    end: () => pieces.join('') + decoder.end(),
  }
}

function exitCodeOf(code: number | null, killer: NodeJS.Signals | null): number {
  return code ?? (killer === 'SIGKILL' ? 137 : 143)
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

function cancelled(signal: AbortSignal): KnestError {
  const reason: unknown = signal.reason
  if (reason instanceof KnestError) return reason
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new KnestError('timeout', 'the time limit is over', { cause: reason })
  }
  return new KnestError('cancelled', 'cancelled', { cause: reason })
}

/** The last lines of what a program said, as one line. */
export function lastWords(result: ProgramResult): string {
  const said = result.stderr.trim() === '' ? result.stdout : result.stderr
  const lines = said.trim().split('\n').slice(-3)
  return (
    lines.map((line) => line.replace(/^Error:\s*/, '').trim()).join('; ') || `exit code ${result.exitCode}`
  )
}
