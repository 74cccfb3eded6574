import type { ErrorCode } from 'knest'

/** The one table of exit codes. */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  usage: 2,
  config: 2,
  'host-unreachable': 3,
  'not-permitted': 3,
  prerequisite: 3,
  'not-found': 4,
  'already-exists': 4,
  conflict: 4,
  'node-command': 5,
  timeout: 6,
  cancelled: 130,
}

/** A mistake in knest itself. */
export const bugExitCode = 70

/** 128 + SIGPIPE: how a program of this machine ends whose reader has gone. */
export const brokenPipeExitCode = 141

/** Ends the command with a code when all that is to be said has been said. */
export class SilentExit extends Error {
  override readonly name = 'SilentExit'
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`)
    this.exitCode = exitCode
  }
}
