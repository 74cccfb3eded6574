import type { BackendName, ClusterRef, ClusterSpec, MachineSpec, NodeRole } from '../contracts/cluster.js'
import { controlPlanePool, nodeIndex, nodeName } from '../names.js'

/** A node the cluster should have. */
export interface DesiredNode {
  readonly name: string
  readonly role: NodeRole
  readonly pool: string
  readonly backend: BackendName
  readonly machine: MachineSpec
}

interface Existing {
  readonly name: string
  readonly pool: string
}

/**
 * Which nodes are desired: those that exist are kept, lowest number first; gaps are filled before
 * new numbers are taken. So a replaced node gets its old name, and scaling down takes the newest away.
 */
export function desiredNodes(
  ref: ClusterRef,
  spec: ClusterSpec,
  existing: readonly Existing[],
): readonly DesiredNode[] {
  const { controlPlane, workers } = spec
  return [
    ...group(ref, { ...controlPlane, name: controlPlanePool }, 'control-plane', existing),
    ...workers.flatMap((pool) => group(ref, pool, 'worker', existing)),
  ]
}

interface Group {
  readonly name: string
  readonly count: number
  readonly backend: BackendName
  readonly machine: MachineSpec
}

function group(
  ref: ClusterRef,
  { name: pool, count, backend, machine }: Group,
  role: NodeRole,
  existing: readonly Existing[],
): readonly DesiredNode[] {
  const used = existing.filter((node) => node.pool === pool).map((node) => nodeIndex(node.name))
  const kept = used.sort((a, b) => a - b).slice(0, count)
  const indexes = [...kept]
  for (let index = 0; indexes.length < count; index++) if (!kept.includes(index)) indexes.push(index)
  return indexes
    .sort((a, b) => a - b)
    .map((index) => ({ name: nodeName(ref.name, pool, index), role, pool, backend, machine }))
}
