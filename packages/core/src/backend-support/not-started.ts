import type { ExecResult } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'

/** A shell's exit codes from here on are those of programs that a signal ended. */
const firstOfSignals = 128

/**
 * Why a node is not ready that was asked with `knest-init ready`: `prerequisite` with what it said, or `host-unreachable`
 * when it ended in the middle of the question, as a container that is killed; the host starts that one again.
 */
export function notStarted(node: string, { exitCode, stdout, stderr }: ExecResult, hint: string): KnestError {
  if (exitCode >= firstOfSignals)
    return new KnestError('host-unreachable', `node "${node}" ended while it started`, { hint })
  return new KnestError('prerequisite', `node "${node}" did not start: ${stderr.trim() || stdout.trim()}`, {
    hint,
  })
}
