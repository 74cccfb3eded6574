import { spawn, type StdioOptions } from 'node:child_process'
import { constants } from 'node:os'

const unstarted: Readonly<Record<string, readonly [exitCode: number, why: string]>> = {
  ENOENT: [127, 'command not found'],
  EACCES: [126, 'permission denied'],
}

/**
 * Runs a program on this process' streams and gives its exit code, 128 and more when a signal ended it. SIGTERM and
 * SIGHUP, which come to this process alone, are passed on, so that the caller can clean up behind the program. One
 * that cannot be started is told of, with the exit code a shell has for it: a program may end with the same.
 */
export function runProgram(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  tell: (text: string) => void,
  stdio: StdioOptions = 'inherit',
): Promise<number> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { stdio, env })
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGTERM', passOn).on('SIGHUP', passOn)
  return new Promise<number>((resolve, reject) => {
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    )
    child.once('error', (error: NodeJS.ErrnoException) => {
      const [exitCode, why] = unstarted[error.code ?? ''] ?? []
      if (exitCode === undefined) reject(error)
      else {
        tell(`"${program}": ${why}`)
        resolve(exitCode)
      }
    })
  }).finally(() => process.off('SIGTERM', passOn).off('SIGHUP', passOn))
}
