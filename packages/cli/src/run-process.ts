import type { Deps } from './deps.js'
import { exitCodes } from './exit-codes.js'
import { main } from './main.js'
import { processDeps } from './process-deps.js'
import { reportError } from './report-error.js'

/** Longer than any limit of a single question. */
const longestLimitMs = 65_000

type OutputFault = NodeJS.ErrnoException

/**
 * Runs the command line of this process and ends it. Who reads our output may go before it ends, as in
 * `knest list | head -1`: the work goes on. Results that could not be written are a fault.
 */
export async function runProcess(
  argv: readonly string[],
  depsOf: (exitNow: (code: number) => void) => Deps = processDeps,
  limitMs = longestLimitMs,
): Promise<void> {
  const fault = firstFault(process.stdout)
  // There is no place left to tell of it.
  process.stderr.on('error', () => undefined)
  const deps = depsOf((now) => process.exit(now))
  const code = await unlessForgotten(main(argv, deps), limitMs, () =>
    reportError(new Error('nothing is left that could end what the command waits for'), deps.messages, false),
  )
  await Promise.all([written(process.stdout), written(process.stderr)])
  process.exitCode = code
  const { message } = fault() ?? {}
  if (code === 0 && message !== undefined) {
    const exitCode = exitCodes.prerequisite
    const text = `the output could not be written: ${message}`
    deps.messages.must('error', { code: 'prerequisite', exitCode, text }, `error: ${text}\n`)
    process.exitCode = exitCode
    await written(process.stderr)
  }
  // A connection somebody forgot to close must not keep the command from ending.
  process.exit()
}

/**
 * Node ends a process when nothing is left that could wake it, with exit code 0 whatever its work has come to. Time
 * limits that it does not count (`AbortSignal.timeout`) get their time; work that still waits then would do so for ever.
 */
function unlessForgotten(work: Promise<number>, limitMs: number, forgotten: () => number): Promise<number> {
  return new Promise((resolve) => {
    let isLast = false
    const onEmpty = (): void => {
      if (isLast) resolve(forgotten())
      isLast = true
      setTimeout(() => undefined, limitMs)
    }
    process.on('beforeExit', onEmpty)
    void work.then(resolve).finally(() => process.off('beforeExit', onEmpty))
  })
}

/** A reader that has gone is none. */
function firstFault(stream: NodeJS.WriteStream): () => OutputFault | undefined {
  let first: OutputFault | undefined
  stream.on('error', (error: OutputFault) => {
    if (error.code !== 'EPIPE') first ??= error
  })
  return () => first
}

/** The reader may be slow; one that is gone is not waited for. Streams tell of a fault one turn later. */
async function written(stream: NodeJS.WriteStream): Promise<void> {
  if (!stream.destroyed && stream.writableLength > 0)
    await new Promise<void>((resolve) => void stream.write('', () => resolve()))
  await new Promise((resolve) => setImmediate(resolve))
}
