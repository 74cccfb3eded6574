import type { ClusterRecord } from './contracts/cluster.js'
import type { NodeBackend, NodeStatus } from './contracts/node-backend.js'
import type { ConfiguredVersions, ObservedCluster, ObservedNode } from './plan/observed.js'
import { readNodeState } from './steps/node-state.js'

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

/** What the nested API says of itself. */
export interface NestedFacts {
  /** Names of the Node objects. */
  readonly members: readonly string[]
  readonly configured: ConfiguredVersions
}

/** Asks the nodes what is on their disks. `nested` is filled in by who has the nested API. */
export async function observe(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  nested: NestedFacts | undefined,
  signal: AbortSignal,
): Promise<ObservedCluster> {
  const observed = await Promise.all(
    nodes.map(async (node): Promise<ObservedNode> => ({
      name: node.name,
      role: node.role,
      pool: node.pool,
      backend: node.backend.name,
      phase: node.phase,
      ...(await askNode(record, node, signal)),
    })),
  )
  const addons = record.conditions.find(({ type }) => type === addonsCondition)
  return {
    nodes: observed,
    members: nested?.members,
    configured: nested?.configured,
    addonsInstalled: addons?.status === 'True',
    upgrading: record.phase === 'Upgrading',
  }
}

async function askNode(
  record: ClusterRecord,
  { backend, name, phase }: BackendNode,
  signal: AbortSignal,
): Promise<Pick<ObservedNode, 'disk' | 'version' | 'upgrading'>> {
  if (phase !== 'running') return { disk: undefined }
  const { disk, version, upgrading } = await readNodeState(
    await backend.openNode(record, name, signal),
    signal,
  )
  // A version that cannot be changed is nothing to plan with.
  return backend.upgradeNode === undefined ? { disk } : { disk, version, upgrading }
}
