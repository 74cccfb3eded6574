import { NodeCommandError } from '../errors.js'
import type { NodeHandle } from '../contracts/node-backend.js'

/**
 * A bash line that starts kubelet anew. Heartbeats of a Node are told to the second: by the pause none of the
 * old process has the time of the new one, see `kubeletStarted`.
 */
export const restartKubelet = 'systemctl stop kubelet; sleep 1; systemctl start kubelet'

/**
 * Asked of the process: `systemctl` of a pod node knows no times. The clock is read first, so that what comes out is a
 * little early and never late: a heartbeat of that second counts. A service that is being started has no process for a
 * moment.
 */
const question = `
for ((try = 0; try < 20; try++)); do
  pid=$(systemctl show --property MainPID --value kubelet)
  [ "\${pid:-0}" -gt 0 ] && break
  sleep 0.25
done
now=$(date +%s%3N) && read -r up _ </proc/uptime && stat=$(cat "/proc/$pid/stat") || exit 1
# Behind the name, which may hold anything, the twentieth is the start in hundredths since the machine's.
set -- \${stat##*) }
echo $(((now - 10 * \${up/./} + 10 * \${20}) / 1000))`

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
