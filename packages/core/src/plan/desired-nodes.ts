import type {
  BackendName,
  ClusterRef,
  ClusterSpec,
  HostPod,
  MachineSpec,
  NodeRole,
} from '../contracts/cluster.js'
import { controlPlanePool, nodeIndex, nodeName } from '../names.js'

/** A node the cluster should have. */
export interface DesiredNode {
  readonly name: string
  readonly role: NodeRole
  readonly pool: string
  readonly backend: BackendName
  readonly machine: MachineSpec
  readonly hostPod?: HostPod | undefined
}

export interface Existing {
  readonly name: string
  readonly pool: string
  /** How broken it is: who is more so goes first. Absent: 0, all is well. */
  readonly damage?: number
}

/**
 * Which nodes are desired: those that exist are kept, the healthy before the others and then lowest number
 * first; gaps are filled before new numbers are taken. So a replaced node gets its old name, and scaling down
 * takes away what is broken, and the newest of what is not.
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

/** The desired nodes that are not there yet. */
export function addedNodes(
  ref: ClusterRef,
  spec: ClusterSpec,
  existing: readonly Existing[],
): readonly DesiredNode[] {
  const names = new Set(existing.map(({ name }) => name))
  return desiredNodes(ref, spec, existing).filter(({ name }) => !names.has(name))
}

interface Group {
  readonly name: string
  readonly count: number
  readonly backend: BackendName
  readonly machine: MachineSpec
  readonly hostPod?: HostPod | undefined
}

function group(
  ref: ClusterRef,
  { name: pool, count, backend, machine, hostPod }: Group,
  role: NodeRole,
  existing: readonly Existing[],
): readonly DesiredNode[] {
  const kept = existing
    .filter((node) => node.pool === pool)
    .sort(byWorth)
    .slice(0, count)
    .map((node) => nodeIndex(node.name))
  const indexes = [...kept]
  for (let index = 0; indexes.length < count; index++) if (!kept.includes(index)) indexes.push(index)
  return indexes
    .sort((a, b) => a - b)
    .map((index) => ({
      name: nodeName(ref.name, pool, index),
      role,
      pool,
      backend,
      machine,
      ...(hostPod !== undefined && { hostPod }),
    }))
}

/** The healthiest first, then the oldest. */
export function byWorth(a: Existing, b: Existing): number {
  return (a.damage ?? 0) - (b.damage ?? 0) || nodeIndex(a.name) - nodeIndex(b.name)
}
