import type { NodeHandle } from '../contracts/node-backend.js'
import { NodeCommandError } from '../errors.js'
import { runScript } from './run-script.js'

/** Tells that Kubernetes was set up on this disk. Gone when the disk is gone. */
export const bootstrappedMarker = '/var/lib/knest/bootstrapped'

/**
 * Tells that this node's etcd member is one of those the cluster began with, and holds their names. Goes when the
 * set-up ends.
 */
export const initialMemberMarker = '/var/lib/knest/founder'

/**
 * Bash lines that print the state of the disk. Until its init has mounted the disk a container shows what its image
 * has: one that is started again is empty only when it says so once it is ready.
 */
export const diskQuestion = `disk() {
if [ -e ${bootstrappedMarker} ]; then echo bootstrapped
elif [ -e ${initialMemberMarker} ]; then echo founder
else echo empty; fi
}
disk=$(disk)
if [ "$disk" = empty ]; then knest-init ready --wait 10 >&2 || exit; disk=$(disk); fi
echo "$disk"
`

/** Asks the node what was set up on its disk. */
export async function readDisk(node: NodeHandle, signal: AbortSignal): Promise<DiskState> {
  const argv = ['bash', '-c', diskQuestion]
  const { exitCode, stdout, stderr } = await node.execText(argv, {
    timeoutMs: 15_000,
    repeatable: true,
    signal,
  })
  if (exitCode !== 0) throw new NodeCommandError(node.name, ['look at the disk'], exitCode, stderr)
  return stdout.trim() as DiskState
}

/** The same when a run that is still going on has come to its end. */
export async function readSettledDisk(node: NodeHandle, signal: AbortSignal): Promise<DiskState> {
  return (
    await runScript(node, 'look at the disk', diskQuestion, { timeoutMs: 330_000, signal })
  ).trim() as DiskState
}

/** Asks the node whether Kubernetes was set up on its disk. */
export async function isBootstrapped(node: NodeHandle, signal: AbortSignal): Promise<boolean> {
  return (await readDisk(node, signal)) === 'bootstrapped'
}

/**
 * What a node's disk says. `bootstrapped`: Kubernetes was set up on it. `founder`: its etcd member is one of
 * those the cluster began with, and the rest of the set-up did not come to its end. `empty`: neither, with or
 * without what an interrupted run left.
 */
export type DiskState = 'bootstrapped' | 'founder' | 'empty'
