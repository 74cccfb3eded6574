import type { DesiredNode } from './desired-nodes.js'
import type { ObservedCluster } from './observed.js'
import type { Step } from './step.js'

/**
 * Nodes that are set up and run, and of which the nested cluster has no Node object. One that begins anew has none of
 * those that were set up for the one before. An upgrade restarts kubelet. Pure.
 */
export function registerSteps(
  lasting: readonly DesiredNode[],
  { nodes, members: known }: ObservedCluster,
  begun: boolean,
): readonly Step[] {
  const members = known ?? (begun ? undefined : [])
  if (members === undefined) return []
  return lasting
    .filter(({ name }) => {
      const node = nodes.find((candidate) => candidate.name === name)
      return node?.disk === 'bootstrapped' && node.upgrading !== true && !members.includes(name)
    })
    .map(({ name, role }) => ({
      kind: 'register-node',
      id: `register:${name}`,
      title: `Have "${name}" register again`,
      needs: ['api'],
      node: name,
      role,
    }))
}
