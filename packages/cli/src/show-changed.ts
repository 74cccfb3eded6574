import type { Clusters, ClusterRef, ClusterSummary } from 'knest'
import { clusterTable, clusterView } from './views/clusters.js'
import type { Deps } from './deps.js'
import { ask } from './operation.js'
import { renderValue, type OutputFormat } from './output.js'

/** What a command prints that has changed a cluster: the cluster, its name, or what has become of it. */
export async function showChanged(
  deps: Deps,
  status: ClusterSummary,
  output: OutputFormat | undefined,
  became: string,
): Promise<void> {
  const value = await renderValue(clusterView(status, deps.now()), output)
  if (value !== undefined) deps.streams.out(value)
  else if (output === 'table') deps.streams.out(clusterTable([status], deps.now()))
  else if (output === 'name') deps.streams.out(`${status.name}\n`)
  else deps.streams.out(`cluster "${status.name}" ${became}\n`)
}

/** The same for a command that gives no summary: the cluster is asked for where its state is to be printed. */
export async function showOutcome(
  deps: Deps,
  clusters: Pick<Clusters, 'status'>,
  ref: ClusterRef,
  output: OutputFormat | undefined,
  became: string,
): Promise<void> {
  if (output === undefined) deps.streams.out(`cluster "${ref.name}" ${became}\n`)
  else if (output === 'name') deps.streams.out(`${ref.name}\n`)
  else {
    const done = `cluster "${ref.name}" is ${became}`
    await showChanged(deps, await ask(deps, (signal) => clusters.status(ref, signal), done), output, became)
  }
}
