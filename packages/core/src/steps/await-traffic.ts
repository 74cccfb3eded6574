import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import { KnestError } from '../errors.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { pause } from '../signals.js'

interface NodesOfCluster {
  readonly record: ClusterRecord
  readonly nodes: readonly BackendNode[]
}

const patienceMs = 60_000

/**
 * The host takes a control plane out of the API Service while its API server is away. It must be back in
 * before the next one goes, or before somebody is told that all is done.
 */
export async function awaitTraffic(
  { record, nodes }: NodesOfCluster,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const backend = nodes.find((node) => node.name === name)?.backend
  const deadline = Date.now() + patienceMs
  // What the host says may be a moment old: it must say so twice.
  for (let seen = 0; seen < 2;) {
    await pause(500, signal)
    const now = (await backend?.listNodes(record, signal))?.find((node) => node.name === name)
    seen = now?.ready === true ? seen + 1 : 0
    if (Date.now() > deadline)
      throw new KnestError(
        'timeout',
        `control plane "${name}" answers, but the host does not find it ready`,
        {
          hint: `see: ${clusterCommand('status', record)}`,
        },
      )
  }
}
