import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/**
 * Runs a program on this process' streams and gives its exit code, 128 and more when a signal ended it. SIGTERM and
 * SIGHUP, which come to this process alone, are passed on, so that the caller can clean up behind the program. One
 * that cannot be started is told of, with the exit code a shell has for it: a program may end with the same.
 */
export async function runProgram(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  tell: (text: string, exitCode: number) => void,
  stdio: StdioOptions = 'inherit',
): Promise<number> {
  const [program = '', ...args] = argv
  try {
    return await exitOf(spawn(program, args, { stdio, env }))
  } catch (error) {
    const { code, errno, message } = error as NodeJS.ErrnoException
    if (errno === undefined) throw error
    const isMissing = code === 'ENOENT'
    const exitCode = isMissing ? 127 : 126
    const why = isMissing ? 'command not found' : (getSystemErrorMap().get(errno)?.[1] ?? message)
    tell(`"${program}": ${why}`, exitCode)
    return exitCode
  }
}

function exitOf(child: ChildProcess): Promise<number> {
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGTERM', passOn).on('SIGHUP', passOn)
  return new Promise<number>((resolve, reject) => {
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    )
    child.once('error', reject)
  }).finally(() => process.off('SIGTERM', passOn).off('SIGHUP', passOn))
}
