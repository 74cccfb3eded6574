import { clusterCommand } from '../commands.js'
import type { Problem } from '../errors.js'
import { controlPlanePool, nodeIndex, nodeName } from '../names.js'
import { phaseTable } from '../phases/index.js'
import type { Observed } from './conditions.js'

/**
 * So many members of etcd have lost their disks that the others are no majority, whatever comes back; undefined when
 * that is not so, or not known. What has not been set up on any control plane begins anew by itself. Pure.
 */
export function lostMajority(observed: Observed): Problem | undefined {
  const { record, etcd } = observed
  const voting = etcd.members.filter(({ learner }) => !learner)
  const lost = voting.filter(
    (member) => member.dbSizeBytes === undefined && isDiskGone(observed, member.name),
  )
  const { isCreated } = phaseTable[record.phase]
  if ((voting.length - lost.length) * 2 > voting.length || voting.length === 0) return undefined
  if (!isCreated && !isBegun(observed)) return undefined
  const names = lost.map(({ name }) => `"${name}"`).join(', ')
  const remove = `remove the cluster with ${clusterCommand('delete', record)}, and create it again`
  return {
    reason: 'EtcdMajorityLost',
    severity: 'error',
    message: `etcd of cluster "${record.name}" has lost its majority: of ${voting.length} members ${names} have no disk any more`,
    hint: isCreated ? `restore a snapshot of etcd, or ${remove}` : `its creation cannot go on: ${remove}`,
  }
}

/** Nothing brings the disk of this node back: not even what would start it again is there, or it is empty. */
function isDiskGone({ record, hostNodes, nodes, emptyDisks, begunDisks }: Observed, name: string): boolean {
  const found = hostNodes.find((node) => node.name === name)
  // One that was to go is not asked for any more. One that somebody joined by hand may be anywhere.
  const isOwn = name === nodeName(record.name, controlPlanePool, nodeIndex(name))
  if (found === undefined) return isOwn || nodes.some((node) => node.name === name)
  if (emptyDisks.has(name)) return begunDisks?.has(name) !== true
  return found.phase === 'failed' && nodes.some((node) => node.name === name && node.disk === 'ephemeral')
}

function isBegun({ hostNodes, nodes, emptyDisks }: Observed): boolean {
  return nodes.some(
    ({ name, role }) =>
      role === 'control-plane' &&
      !emptyDisks.has(name) &&
      hostNodes.some((node) => node.name === name && node.phase === 'running'),
  )
}
