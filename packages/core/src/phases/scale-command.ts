import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'

/**
 * The command that makes a cluster as its record says: it changes nothing but what is missing. A blank
 * side stays as it is, which is how all of several pools are meant.
 */
export function scaleCommand(record: ClusterRecord): string {
  const { controlPlane, workers } = record.spec
  const count = workers.length === 1 ? (workers[0]?.count ?? '') : ''
  const force = controlPlane.count % 2 === 0 ? ['--force'] : []
  return clusterCommand('scale', record, `${controlPlane.count}:${count}`, ...force)
}
