import { NodeCommandError } from '../errors.js'
import type { NodeHandle } from '../contracts/node-backend.js'

const lockPath = '/run/knest-bootstrap.lock'

/**
 * Every script on a node takes the same lock: one that a killed command left running ends before the
 * next begins. Output goes to the caller; files come by stdin as a tar archive.
 */
const prelude = `set -euo pipefail
exec 9>${lockPath}
flock -w 300 9
`

/** Bash lines that kill whatever holds this lock or waits for it: all of a script's processes have it as file 9. */
export const killScripts = (lock: string): string => `for file in /proc/[0-9]*/fd/9; do
if [ "$(readlink "$file")" = ${lock} ]; then
process=\${file#/proc/}
kill -9 "\${process%%/*}" 2>/dev/null || true
fi
done
`

/**
 * Ends the scripts that run on a node, and those that wait there, wherever they were begun: for a node that goes, on
 * which a join that an interrupted run began must not go on. They are cut off as by a power cut.
 */
export async function endScripts(node: NodeHandle, signal: AbortSignal): Promise<void> {
  const argv = ['bash', '-c', killScripts(lockPath)]
  await node.execText(argv, { timeoutMs: 15_000, repeatable: true, signal })
}

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
