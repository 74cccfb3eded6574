import { NodeCommandError } from '../errors.js'
import type { NodeHandle } from '../contracts/node-backend.js'

/**
 * Every script on a node takes the same lock: one that a killed command left running ends before the
 * next begins. Output goes to the caller; files come by stdin as a tar archive.
 */
const prelude = `set -euo pipefail
exec 9>/run/knest-bootstrap.lock
flock -w 300 9
`

export interface ScriptOptions {
  readonly stdin?: Buffer
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Runs a bash script on a node; throws NodeCommandError with the end of its output. */
export async function runScript(
  node: NodeHandle,
  what: string,
  script: string,
  options: ScriptOptions,
): Promise<string> {
  const result = await node.execText(['bash', '-c', prelude + script], options)
  if (result.exitCode !== 0) {
    const tail = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-25).join('\n')
    throw new NodeCommandError(node.name, [what], result.exitCode, tail)
  }
  return result.stdout
}
