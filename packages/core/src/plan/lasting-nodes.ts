import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import { byWorth, desiredNodes } from './desired-nodes.js'
import type { DesiredNode } from './desired-nodes.js'
import type { ObservedCluster, ObservedNode } from './observed.js'

/** The nodes the cluster shall have, chosen by what is known of those that are there. Pure. */
export function lastingNodes(
  ref: ClusterRef,
  spec: ClusterSpec,
  observed: ObservedCluster,
): readonly DesiredNode[] {
  return desiredNodes(ref, spec, withDamage(observed))
}

/** Those of the nodes that are not desired: the most broken first, since quorum needs the others longest. */
export function leavingNodes(
  observed: ObservedCluster,
  desired: readonly DesiredNode[],
): readonly ObservedNode[] {
  return withDamage(observed)
    .filter(({ name }) => !desired.some((node) => node.name === name))
    .sort(byWorth)
    .reverse()
}

function withDamage(observed: ObservedCluster): readonly (ObservedNode & { readonly damage: number })[] {
  return observed.nodes.map((node) => ({ ...node, damage: damageOf(node, observed) }))
}

const isWell = 0
const isUnwell = 1
const losesDisk = 2
const hasNoVote = 3
const isUnfinished = 4
const isLost = 5

function damageOf(node: ObservedNode, { upgrading, members, notReady, etcd }: ObservedCluster): number {
  const { name, role, disk, diskGoing, phase, ready, silent } = node
  const hasEtcd = role === 'control-plane' && etcd !== undefined
  const member = etcd?.find((candidate) => candidate.name === name)
  if (disk === 'empty' || (hasEtcd && member === undefined)) return isLost
  if (disk === 'founder') return isUnfinished
  const disksWorth = diskGoing === true ? losesDisk : isWell
  // Each node is away for a while then, and comes back.
  if (upgrading === true) return disksWorth
  // Where etcd tells nothing, one that does not run has no vote either.
  const isAway = phase !== 'running' || silent === true
  if (hasEtcd ? member?.healthy === false : role === 'control-plane' && isAway) return hasNoVote
  if (diskGoing === true) return losesDisk
  const signs = [
    isAway,
    ready === false,
    members?.includes(name) === false,
    notReady?.includes(name) === true,
  ]
  return signs.includes(true) ? isUnwell : isWell
}
