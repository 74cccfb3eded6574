import type { ClusterRecord } from './contracts/cluster.js'
import type { NodeBackend, NodeStatus } from './contracts/node-backend.js'
import type { DiskState, ObservedCluster, ObservedNode } from './plan/observed.js'
import { readDisk } from './steps/disk.js'

export interface BackendNode extends NodeStatus {
  readonly backend: NodeBackend
}

export const addonsCondition = 'AddonsInstalled'

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
  return lists.flat().sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

/** Asks the nodes what is on their disks. Who has the nested API fills in the members. */
export async function observe(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<Omit<ObservedCluster, 'members'>> {
  const observed = await Promise.all(
    nodes.map(async (node): Promise<ObservedNode> => ({
      name: node.name,
      role: node.role,
      pool: node.pool,
      backend: node.backend.name,
      phase: node.phase,
      disk: node.phase === 'running' ? await askDisk(record, node, signal) : undefined,
    })),
  )
  const addons = record.conditions.find(({ type }) => type === addonsCondition)
  return { nodes: observed, addonsInstalled: addons?.status === 'True' }
}

async function askDisk(record: ClusterRecord, node: BackendNode, signal: AbortSignal): Promise<DiskState> {
  return readDisk(await node.backend.openNode(record, node.name, signal), signal)
}
