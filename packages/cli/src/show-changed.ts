import type { ClusterSummary } from '@knest/core'
import { clusterTable, clusterView } from './cluster-view.js'
import type { Deps } from './deps.js'
import { renderValue, type OutputFormat } from './output.js'

/** What a command prints that has changed a cluster: the cluster, its name, or what has become of it. */
export async function showChanged(
  { streams, now }: Deps,
  status: ClusterSummary,
  output: OutputFormat | undefined,
  became: string,
): Promise<void> {
  const value = await renderValue(clusterView(status, now()), output)
  if (value !== undefined) streams.out(value)
  else if (output === 'table') streams.out(clusterTable([status], now(), false))
  else if (output === 'name') streams.out(`${status.name}\n`)
  else streams.out(`cluster "${status.name}" ${became}\n`)
}
