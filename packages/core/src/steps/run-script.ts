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
  const result = await node.exec(['bash', '-c', prelude + script], options)
  if (result.exitCode !== 0) {
    const tail = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-25).join('\n')
    throw new NodeCommandError(node.name, [what], result.exitCode, tail)
  }
  return result.stdout
}

/** Tells that Kubernetes was set up on this disk. Gone when the disk is gone. */
export const bootstrappedMarker = '/var/lib/knest/bootstrapped'

/** Tells that this node's etcd member is one of those the cluster began with, and not more. */
export const founderMarker = '/var/lib/knest/founder'

/** Asks the node whether Kubernetes was set up on its disk. */
export async function isBootstrapped(node: NodeHandle, signal: AbortSignal): Promise<boolean> {
  const { exitCode } = await node.exec(['test', '-e', bootstrappedMarker], { timeoutMs: 15_000, signal })
  return exitCode === 0
}
