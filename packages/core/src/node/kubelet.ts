import { NodeCommandError } from '../errors.js'
import type { NodeHandle } from '../contracts/node-backend.js'

/**
 * A bash line that starts kubelet anew. Heartbeats of a Node are told to the second: by the pause none of the
 * old process has the time of the new one, see `kubeletStarted`.
 */
export const restartKubelet = 'systemctl stop kubelet; sleep 1; systemctl start kubelet'

/** Of one that was never started there is no time, and `date` takes none for midnight. */
const question =
  'at=$(systemctl show --property ActiveEnterTimestamp --value kubelet) && [ -n "$at" ] && date --date "$at" +%s'

/**
 * When the kubelet that runs on the node was started, by the node's clock; whole seconds. Throws `NodeCommandError` while
 * a node that starts has not come so far.
 */
export async function kubeletStarted(node: NodeHandle, signal: AbortSignal): Promise<Date> {
  const { exitCode, stdout, stderr } = await node.execText(['bash', '-c', question], {
    timeoutMs: 15_000,
    repeatable: true,
    signal,
  })
  const seconds = Number(stdout.trim())
  if (exitCode !== 0 || !Number.isInteger(seconds) || seconds === 0)
    throw new NodeCommandError(node.name, ['ask when kubelet was started'], exitCode, stdout + stderr)
  return new Date(seconds * 1000)
}
