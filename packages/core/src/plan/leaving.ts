import type { ClusterRef } from '../contracts/cluster.js'
import { controlPlanePool, nodeIndex, nodeName } from '../names.js'
import type { DesiredNode } from './desired-nodes.js'
import { leavingNodes } from './lasting-nodes.js'
import type { ObservedCluster } from './observed.js'
import { resetOf } from './removed-members.js'
import type { Step } from './step.js'

/**
 * Node objects nobody stands behind: their node is not there, or has lost its disk; it joins anew. kubeadm refuses
 * to join a control plane whose Node object is still Ready.
 */
export function forgetSteps(
  observed: ObservedCluster,
  joining: readonly DesiredNode[],
  resets: readonly Step[],
): readonly Step[] {
  const stale = (observed.members ?? []).filter((name) => {
    const node = observed.nodes.find((candidate) => candidate.name === name)
    return node === undefined || node.disk === 'empty'
  })
  return stale.map((node) => ({
    kind: 'forget-member',
    id: `forget:${node}`,
    title: `Remove the stale Node object "${node}"`,
    // Only a node that is there can tell whether its disk was kept: then the Node object is its own.
    needs: [
      'api',
      ...(joining.some(({ name }) => name === node) ? [`node:${node}`] : []),
      // Until then its kubelet runs.
      ...resetOf(node, resets),
    ],
    node,
  }))
}

/**
 * Members of etcd that a node of knest was and nobody is any more: each costs etcd a vote. One that joins anew
 * takes its own away by itself. They go one after another, and before anybody joins or leaves.
 */
export function staleMemberSteps(
  ref: ClusterRef,
  observed: ObservedCluster,
  desired: readonly DesiredNode[],
): readonly RemoveMember[] {
  const known = new Set([...observed.nodes, ...desired].map(({ name }) => name))
  const stale = (observed.etcd ?? []).filter(({ name }) => isControlPlaneOf(ref, name) && !known.has(name))
  return stale.map(({ name }, index) => {
    const previous = stale[index - 1]
    return {
      kind: 'remove-member',
      id: `member:${name}`,
      title: `Remove "${name}", which is no node any more, from etcd`,
      needs: previous === undefined ? ['api'] : [`member:${previous.name}`],
      node: name,
    }
  })
}

export type RemoveMember = Extract<Step, { kind: 'remove-member' }>

/** A control plane that somebody joined by hand is called otherwise. */
function isControlPlaneOf(ref: ClusterRef, name: string): boolean {
  return name === nodeName(ref.name, controlPlanePool, nodeIndex(name))
}

/** Nodes go after the new ones have come; control planes one after another, those first that are broken. */
export function removeSteps(
  observed: ObservedCluster,
  desired: readonly DesiredNode[],
  before: readonly Step[],
): readonly Step[] {
  const joins = before.filter(({ kind }) => changesMembers.has(kind)).map(({ id }) => id)
  const leaving = leavingNodes(observed, desired)
  const made = before
    .filter(({ id }) => leaving.some(({ name }) => id === `node:${name}`))
    .map(({ id }) => id)
  // Who takes it away must be set up itself.
  const setUp = before.flatMap((step) =>
    step.kind === 'finish-control-plane' && step.first ? [step.id] : [],
  )
  let previous: readonly string[] = ['api', ...joins, ...made]
  return leaving.map(({ name, role }): Step => {
    const needs = role === 'control-plane' ? previous : ['api', ...setUp]
    if (role === 'control-plane') previous = [`remove:${name}`]
    const member = observed.members?.includes(name) ?? true
    return {
      kind: 'remove-node',
      id: `remove:${name}`,
      title: `Remove node "${name}"`,
      needs,
      node: name,
      role,
      member,
    }
  })
}

const changesMembers: ReadonlySet<Step['kind']> = new Set([
  'remove-member',
  'finish-control-plane',
  'join-control-plane',
])
