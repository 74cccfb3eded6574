import type { ExecOptions } from '@knest/core'

/** Says what a shell says of a program that is not there (127) or cannot be run (126), whatever runs containers. */
const plain = 'exec "$@"'
/**
 * The rest of an input that nobody reads blocks the streaming between API server and container runtime, so
 * that the end of the command is never reported (seen with containerd 1.7; kubectl exec hangs so).
 */
const draining = 'exec 3<&0; (exec "$@" 3<&-); code=$?; cat <&3 >/dev/null 2>&1 & exit $code'

/** Less than this is taken in by the pipes on the way. */
const harmlessBytes = 32 * 1024

/** The words that run `argv` in a node by its shell. */
export function inShell(argv: readonly string[], stdin: ExecOptions['stdin']): readonly string[] {
  const mayBeLeft = stdin !== undefined && !(hasLength(stdin) && stdin.length <= harmlessBytes)
  return ['sh', '-c', mayBeLeft ? draining : plain, 'sh', ...argv]
}

function hasLength(stdin: NonNullable<ExecOptions['stdin']>): stdin is string | Uint8Array {
  return typeof stdin === 'string' || stdin instanceof Uint8Array
}
