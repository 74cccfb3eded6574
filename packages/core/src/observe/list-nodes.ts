import type { ClusterRecord } from '../contracts/cluster.js'
import type { NodeBackend, BackendNode, NodeStatus } from '../contracts/node-backend.js'
import { unlessForbidden } from '../errors.js'
import { byNodeName } from '../names.js'

export type ListNodes = (
  record: ClusterRecord,
  backends: readonly NodeBackend[],
  signal: AbortSignal,
) => Promise<readonly BackendNode[]>

/** All nodes of the cluster, from every backend it may have nodes of. */
export const listNodes: ListNodes = (record, backends, signal) =>
  listBy((backend) => backend.listNodes(record, signal), backends)

/**
 * The same for many clusters of all namespaces, at one time: a backend is asked once where it can tell of all and this
 * user may ask so.
 */
export function listOfAll(): ListNodes {
  const asked = new Map<NodeBackend['name'], Promise<AllNodes | undefined>>()
  return (record, backends, signal) =>
    listBy(async (backend) => {
      const all = asked.get(backend.name) ?? askForAll(backend, signal)
      asked.set(backend.name, all)
      const found = await all
      if (found === undefined) return backend.listNodes(record, signal)
      return found.get(`${record.namespace}/${record.name}`) ?? []
    }, backends)
}

type AllNodes = ReadonlyMap<string, readonly NodeStatus[]>

async function askForAll(backend: NodeBackend, signal: AbortSignal): Promise<AllNodes | undefined> {
  return backend.listAllNodes?.(signal).catch(unlessForbidden)
}

async function listBy(
  nodesOf: (backend: NodeBackend) => Promise<readonly NodeStatus[]>,
  backends: readonly NodeBackend[],
): Promise<readonly BackendNode[]> {
  const lists = backends.map(async (backend) =>
    (await nodesOf(backend)).map((node) => ({ ...node, backend })),
  )
  return (await Promise.all(lists)).flat().sort(byNodeName)
}
