import { inspect } from 'node:util'
import { KnestError, NodeCommandError, PreflightError, version } from 'knest'
import { CommanderError } from 'commander'
import type { Messages } from './messages.js'
import { bugExitCode, exitCodes, SilentExit } from './exit-codes.js'

/** Says on stderr why the command ended and gives its exit code. The only place that does. */
export function reportError(error: unknown, messages: Messages, verbose: boolean): number {
  if (error instanceof SilentExit) return error.exitCode
  // Help, which commander has printed: on stdout when asked for, on stderr when a command is missing.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
  if (error instanceof KnestError) {
    const exitCode = exitCodes[error.code]
    const causes = verbose ? causesOf(error.cause) : []
    const problems = error instanceof PreflightError ? error.problems : undefined
    const output = error instanceof NodeCommandError ? error.outputTail.trimEnd() : ''
    const { code, message, hint } = error
    messages.must(
      'error',
      {
        ...{ code, exitCode, text: message, hint, problems },
        ...(output === '' ? {} : { output }),
        ...(verbose ? { causes } : {}),
      },
      (output === '' ? '' : `${output}\n`) +
        (problems === undefined ? linesOf(error) : problems.map(problemLines).join('')) +
        causes.map((cause) => `cause: ${cause}\n`).join(''),
    )
    return exitCode
  }
  reportBug(error, messages)
  return bugExitCode
}

function linesOf({ message, hint }: KnestError): string {
  return `error: ${message}\n${hint === undefined ? '' : `hint: ${hint}\n`}`
}

function problemLines({ severity, message, hint }: PreflightError['problems'][number]): string {
  return `${severity}: ${message}\n  hint: ${hint}\n`
}

function causesOf(cause: unknown): readonly string[] {
  const causes: string[] = []
  for (let next = cause; next !== undefined && causes.length < 8;) {
    causes.push(next instanceof Error ? next.message : inspect(next))
    next = next instanceof Error ? next.cause : undefined
  }
  return causes
}

function reportBug(error: unknown, messages: Messages): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const text = `this is a bug in knest ${version} (Node.js ${process.version}, ${process.platform})`
  const hint = 'report it with the command line and the text above'
  const causes = error instanceof Error ? causesOf(error.cause) : []
  messages.must(
    'error',
    { exitCode: bugExitCode, text, hint, stack, causes },
    `error: ${text}\n${stack}\n${causes.map((cause) => `cause: ${cause}\n`).join('')}hint: ${hint}\n`,
  )
}
