import { inspect } from 'node:util'
import { KnestError, NodeCommandError, PreflightError } from 'knest'
import { CommanderError } from 'commander'
import type { Streams } from './deps.js'
import { bugExitCode, exitCodes, SilentExit } from './exit-codes.js'
import { version } from 'knest'

/** Says on stderr why the command ended and gives its exit code. The only place that does. */
export function reportError(error: unknown, streams: Streams, verbose: boolean): number {
  if (error instanceof SilentExit) return error.exitCode
  // Help, which commander has printed: on stdout when asked for, on stderr when a command is missing.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
  if (error instanceof KnestError) {
    if (error instanceof PreflightError) reportProblems(error, streams)
    else reportKnest(error, streams)
    if (verbose) reportCauses(error.cause, streams)
    return exitCodes[error.code]
  }
  reportBug(error, streams)
  return bugExitCode
}

function reportKnest(error: KnestError, streams: Streams): void {
  if (error instanceof NodeCommandError && error.outputTail.trim() !== '') {
    streams.err(`${error.outputTail.trimEnd()}\n`)
  }
  streams.err(`error: ${error.message}\n`)
  if (error.hint !== undefined) streams.err(`hint: ${error.hint}\n`)
}

function reportProblems(error: PreflightError, streams: Streams): void {
  for (const problem of error.problems) {
    streams.err(`${problem.severity}: ${problem.message}\n  hint: ${problem.hint}\n`)
  }
}

function reportCauses(cause: unknown, streams: Streams): void {
  for (let next = cause, depth = 0; next !== undefined && depth < 8; depth++) {
    streams.err(`cause: ${next instanceof Error ? next.message : inspect(next)}\n`)
    next = next instanceof Error ? next.cause : undefined
  }
}

function reportBug(error: unknown, streams: Streams): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  streams.err(`error: this is a bug in knest ${version} (Node.js ${process.version}, ${process.platform})\n`)
  streams.err(`${text}\n`)
  if (error instanceof Error) reportCauses(error.cause, streams)
  streams.err('hint: report it with the command line and the text above\n')
}
