import type { ObservedCluster, ObservedNode } from './observed.js'
import type { Step } from './step.js'

/**
 * Control planes that are set up and run, and that etcd does not list: one that was to go, and whose removal did not
 * come to its end. What is on their disks is of no use, and nothing there comes back by itself. Pure.
 */
export function removedMembers({ nodes, members, etcd }: ObservedCluster): readonly ObservedNode[] {
  const isMember = ({ name }: ObservedNode): boolean => etcd?.some((member) => member.name === name) ?? true
  const isSetUp = ({ role, disk, phase, silent }: ObservedNode): boolean =>
    role === 'control-plane' && disk === 'bootstrapped' && phase === 'running' && silent !== true
  const setUp = nodes.filter(isSetUp)
  // Who lists the members is one of them, and the API answers by a majority of them.
  if (members === undefined || !setUp.some(isMember)) return []
  return setUp.filter((node) => !isMember(node))
}

/** What there is, with the disks of these nodes as if they were empty: they join anew. Pure. */
export function withoutRemoved(observed: ObservedCluster, removed: readonly ObservedNode[]): ObservedCluster {
  if (removed.length === 0) return observed
  const nodes = observed.nodes.map((node) =>
    removed.includes(node) ? { ...node, disk: 'empty' as const, upgrading: false } : node,
  )
  return { ...observed, nodes }
}

/** One that does not stay goes as it is. */
export function resetRemoved(
  removed: readonly ObservedNode[],
  joining: readonly { readonly name: string }[],
): readonly Step[] {
  return removed
    .filter(({ name }) => joining.some((node) => node.name === name))
    .map(({ name: node }) => ({
      kind: 'reset-control-plane',
      id: `reset:${node}`,
      title: `Take away what is left of "${node}", which etcd has removed`,
      needs: ['api', `node:${node}`],
      node,
      removed: true,
    }))
}

export function resetOf(name: string, steps: readonly Step[]): readonly string[] {
  return steps.filter(({ id }) => id === `reset:${name}`).map(({ id }) => id)
}
