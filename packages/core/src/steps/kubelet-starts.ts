import type { NodeHandle } from '../contracts/node-backend.js'
import { NodeCommandError } from '../errors.js'
import { kubeletStarted } from '../node/kubelet.js'
import { pause } from '../signals.js'

const againMs = 1_000
/** By then the nested cluster has noticed itself that nobody speaks for a node: its controllers wait for 40 or 50 s. */
const noticedMs = 60_000

/**
 * When the kubelets of these nodes were started, by their own clocks. A node that starts is asked again until its kubelet
 * is; one that cannot be asked is left out.
 */
export async function kubeletStarts(
  names: readonly string[],
  open: (node: string) => Promise<NodeHandle>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Date>> {
  const until = performance.now() + noticedMs
  const ask = async (name: string): Promise<readonly [string, Date]> => {
    const node = await open(name)
    for (;;) {
      try {
        return [name, await kubeletStarted(node, signal)]
      } catch (error) {
        if (!(error instanceof NodeCommandError) || performance.now() >= until) throw error
      }
      await pause(againMs, signal)
    }
  }
  const answers = await Promise.allSettled(names.map(ask))
  signal.throwIfAborted()
  return new Map(answers.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])))
}
