import { ciliumInCgroups } from '../addons/index.js'
import { clusterCommand } from '../commands.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { StepContext } from './context.js'

type Context = Pick<StepContext, 'record' | 'nodeNames' | 'backendOf' | 'openNode'>

/**
 * Throws `prerequisite` when the network would attach programs to cgroups of version 2 and a node that shares the host's
 * kernel has none: it would have no datapath, and beside version 1 it would be in the way of every process of the machine.
 */
export async function requireCgroups(
  context: Context,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  const setting = ciliumInCgroups(objects)
  if (setting === undefined) return
  for (const name of context.nodeNames) {
    if ((await context.backendOf(name)).features.ownKernel) continue
    // One that is being made is like the others.
    const node = await context.openNode(name, signal).catch(() => undefined)
    signal.throwIfAborted()
    if (node === undefined) continue
    const argv = ['stat', '--file-system', '--format', '%T', '/sys/fs/cgroup']
    const { stdout } = await node.execText(argv, { timeoutMs: 30_000, repeatable: true, signal })
    if (stdout.trim() === 'cgroup2fs') continue
    throw new KnestError(
      'prerequisite',
      `Cilium with ${setting} needs cgroups of version 2, and the host machine of node "${name}" has those of version 1`,
      {
        hint: `render the chart with "--set kubeProxyReplacement=false --set socketLB.enabled=false", or boot the host's machines with cgroup v2, or have nodes that are VMs; then: ${clusterCommand('delete', context.record)}, and create it again`,
      },
    )
  }
}
