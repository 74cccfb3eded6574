import type { ClusterStatus } from '@knest/core'
import { Command } from 'commander'
import { clusterTable, conditionTable, nodeTable, statusView } from '../cluster-view.js'
import { checkTarget, defaultName } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { ask, withClusters } from '../operation.js'
import { outputOption, renderValue, type OutputFormat } from '../output.js'

export interface StatusOptions extends GlobalOptions {
  readonly name: string
  readonly output?: OutputFormat | undefined
}

export async function statusRun(deps: Deps, options: StatusOptions): Promise<void> {
  await checkTarget(deps, options)
  const status = await withClusters(deps, options, (clusters) =>
    ask(deps, async (signal) =>
      clusters.status(await clusters.find(options.name, options.namespace, signal), signal),
    ),
  )
  const value = await renderValue(statusView(status, deps.now()), options.output)
  deps.streams.out(value ?? forPeople(status, deps.now()))
}

function forPeople(status: ClusterStatus, now: Date): string {
  const parts = [clusterTable([status], now, true), nodeTable(status.nodes)]
  if (status.conditions.length > 0) parts.push(conditionTable(status.conditions, now))
  if (status.nodes.some((node) => node.backend === 'pod')) {
    parts.push('Pod nodes are privileged pods: root in one of them is root on the host node it runs on.\n')
  }
  return parts.join('\n')
}

export function statusCommand(deps: Deps, run: typeof statusRun = statusRun): Command {
  return new Command('status')
    .description('show one nested cluster and its nodes')
    .argument('[name]', 'cluster name', defaultName)
    .addOption(outputOption(['table', 'json', 'yaml']))
    .action((name: string, flags: Pick<StatusOptions, 'output'>, command: Command) =>
      run(deps, { ...globalOptions(command), name, output: flags.output }),
    )
}
