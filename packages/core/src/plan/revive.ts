import type { ClusterSpec } from '../contracts/cluster.js'
import type { DesiredNode } from './desired-nodes.js'
import { leavingNodes } from './lasting-nodes.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import type { Step } from './step.js'

/**
 * Control planes that are to go, do not run and have a disk that lasts: while the API server is silent they may be
 * those that etcd lacks for its majority, and without one they cannot go. Pure.
 */
export function revived(
  spec: ClusterSpec,
  observed: ObservedCluster,
  desired: readonly DesiredNode[],
): readonly DesiredNode[] {
  if (observed.members !== undefined || !spec.persistence.enabled) return []
  return leaving(spec, observed, desired, ({ phase }) => phase !== 'running')
}

/**
 * Control planes that are to go and run, but not etcd: made again during an upgrade they have programs that their disk
 * is too old for. They are upgraded before another one goes away. Pure.
 */
export function heldUp(
  spec: ClusterSpec,
  observed: ObservedCluster,
  desired: readonly DesiredNode[],
): readonly DesiredNode[] {
  const isSilent = observed.members === undefined
  return leaving(
    spec,
    observed,
    desired,
    ({ phase, upgrading }) => phase === 'running' && (isSilent || upgrading === true),
  )
}

/**
 * Control planes whose join was cut off when they had a vote: after a power cut nothing but etcd's data may be left of
 * it, and while the API server is silent theirs may be the vote that etcd lacks. They join anew when it answers. Pure.
 */
export function memberSteps(
  { members, nodes }: ObservedCluster,
  joining: readonly DesiredNode[],
): readonly Step[] {
  if (members !== undefined) return []
  const cutOff = nodes.filter(
    ({ role, disk, hasMember }) => role === 'control-plane' && disk === 'empty' && hasMember === true,
  )
  return cutOff.map(({ name }) => ({
    kind: 'start-member',
    id: `start:${name}`,
    title: `Start etcd on "${name}", whose join was cut off: the others may lack its vote`,
    needs: [
      'addresses',
      'authorities',
      ...(joining.some((node) => node.name === name) ? [`node:${name}`] : []),
    ],
    node: name,
  }))
}

function leaving(
  { controlPlane: { backend, machine } }: ClusterSpec,
  observed: ObservedCluster,
  desired: readonly DesiredNode[],
  which: (node: ObservedNode) => boolean,
): readonly DesiredNode[] {
  return leavingNodes(observed, desired)
    .filter((node) => node.role === 'control-plane' && which(node))
    .map(({ name, role, pool }) => ({ name, role, pool, backend, machine }))
}
