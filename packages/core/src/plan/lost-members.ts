import type { DesiredNode } from './desired-nodes.js'
import type { RemoveMember } from './leaving.js'
import type { ObservedCluster } from './observed.js'

/**
 * Names of the control planes that count in etcd and have no vote, and that nothing brings back: they leave etcd before
 * another one goes away for a while. `comingBack`: those that are to go and are started all the same. Pure.
 */
export function lostMembers(
  { nodes }: ObservedCluster,
  stale: readonly RemoveMember[],
  desired: readonly DesiredNode[],
  comingBack: readonly DesiredNode[],
): readonly string[] {
  const isStarted = (name: string): boolean =>
    [...desired, ...comingBack].some((candidate) => candidate.name === name)
  const lost = nodes.filter(
    ({ name, role, disk, phase }) =>
      role === 'control-plane' && (disk === 'empty' || (phase !== 'running' && !isStarted(name))),
  )
  return [...stale.map(({ node }) => node), ...lost.map(({ name }) => name)]
}
