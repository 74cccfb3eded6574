import { clusterCommand, KnestError, type Clusters, type ClusterRef, type ClusterStatus } from 'knest'

/** How long a question about the rest may take when the user wants to leave; a status takes up to 6 s. */
const patienceMs = 8000

export interface Left {
  readonly message: string
  readonly hint: string | undefined
}

/** What there is of a cluster after an interrupted command, and how to go on or remove it. */
export async function leftovers(clusters: Clusters, ref: ClusterRef): Promise<Left> {
  const remove = `remove it with ${clusterCommand('delete', ref)}`
  const cluster = `cluster "${ref.name}" in namespace "${ref.namespace}"`
  try {
    const status = await clusters.status(ref, AbortSignal.timeout(patienceMs))
    return {
      message: `${cluster} is ${status.phase} with ${nodes(status)}`,
      hint: `run the same command again to go on, or ${remove}`,
    }
  } catch (error) {
    if (error instanceof KnestError && error.code === 'not-found') {
      return { message: `there is no ${cluster}`, hint: undefined }
    }
    return {
      message: `${cluster} may exist in part`,
      hint: `run the same command again to go on, or ${remove}`,
    }
  }
}

function nodes(status: ClusterStatus): string {
  const made = status.nodes.filter((node) => node.hostObject !== undefined).length
  const ready = status.nodes.filter((node) => node.ready).length
  const desired = status.controlPlane.desired + status.workers.desired
  return `${made} of ${desired} nodes, ${ready} Ready`
}
