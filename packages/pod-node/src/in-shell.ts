import { randomBytes } from 'node:crypto'
import type { ExecOptions, PodExecOptions } from '@knest/core'

/** Less than this is taken in by the pipes on the way. */
const harmlessBytes = 32 * 1024

/** How a command is run in a node by its shell. */
export interface ShellCommand {
  readonly words: readonly string[]
  readonly endMark: NonNullable<PodExecOptions['endMark']>
}

/**
 * Says what a shell says of a program that is not there (127) or cannot be run (126), whatever runs containers, and
 * when the command has ended. `code` is its exit code.
 *
 * The rest of an input that nobody reads is read then. It would block the streaming between API server and container
 * runtime, so that the end of the command is never reported; and a kubelet to which more of it comes than the runtime
 * takes cuts the connection, whatever output is still on its way (both seen with containerd 1.7; kubectl exec hangs,
 * or ends with exit code 0 and less than all of the output).
 */
export function inShell(argv: readonly string[], stdin: ExecOptions['stdin']): ShellCommand {
  // Not in one piece, since the words are part of what `ps` in a node writes.
  const [front, back] = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')]
  const mayBeLeft = stdin !== undefined && !(hasLength(stdin) && stdin.length <= harmlessBytes)
  const run = mayBeLeft ? 'exec 3<&0; (exec "$@" 2>&4 3<&- 4>&-)' : '(exec "$@" 2>&4 4>&-)'
  const mark = `printf '%s-%s=%s;' ${front} ${back} $code`
  const end = mayBeLeft ? 'cat <&3 >/dev/null; exit $code' : 'exit $code'
  // What the shell says of a command that a signal ended is nobody's output.
  const script = `exec 4>&2 2>/dev/null; ${run}; code=$?; ${mark}; ${mark} >&4; ${end}`
  return { words: ['sh', '-c', script, 'sh', ...argv], endMark: `${front}-${back}=` }
}

function hasLength(stdin: NonNullable<ExecOptions['stdin']>): stdin is string | Uint8Array {
  return typeof stdin === 'string' || stdin instanceof Uint8Array
}
