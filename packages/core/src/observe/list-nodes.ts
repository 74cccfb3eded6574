import type { ClusterRecord } from '../contracts/cluster.js'
import type { NodeBackend, BackendNode } from '../contracts/node-backend.js'
import { byNodeName } from '../names.js'

/** All nodes of the cluster, from every backend it may have nodes of. */
export async function listNodes(
  record: ClusterRecord,
  backends: readonly NodeBackend[],
  signal: AbortSignal,
): Promise<readonly BackendNode[]> {
  const lists = await Promise.all(
    backends.map(async (backend) =>
      (await backend.listNodes(record, signal)).map((node) => ({ ...node, backend })),
    ),
  )
  return lists.flat().sort(byNodeName)
}
