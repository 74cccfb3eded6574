import { Command } from 'commander'
import { clusterTable, clusterView } from '../views/clusters.js'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { labelSelector } from '../label-selector.js'
import { ask, withClusters } from '../operation.js'
import { noHeadersOption, outputOption, renderValue, type OutputFormat } from '../output.js'

export interface ListOptions extends GlobalOptions {
  /** Whatever -n says, as with kubectl. */
  readonly allNamespaces?: boolean | undefined
  readonly selector?: string | undefined
  readonly showLabels?: boolean | undefined
  readonly headers?: boolean | undefined
  readonly output?: OutputFormat | undefined
}

export async function listRun(deps: Deps, options: ListOptions): Promise<void> {
  const { selector } = options
  const chosen = selector === undefined ? undefined : await labelSelector(deps, selector)
  const found = await withClusters(deps, options, (open) =>
    ask(deps, (signal) =>
      open.list(options.allNamespaces === true ? undefined : options.namespace, signal, (namespace) => {
        deps.messages.note(
          `you may not list the clusters of all namespaces: these are those of namespace "${namespace}"`,
        )
      }),
    ),
  )
  const clusters = found.filter(({ labels = {} }) => chosen?.matches(labels) !== false)
  const now = deps.now()
  const value = await renderValue(
    { items: clusters.map((cluster) => clusterView(cluster, now)) },
    options.output,
  )
  if (value !== undefined) deps.streams.out(value)
  else if (options.output === 'name') deps.streams.out(clusters.map(({ name }) => `${name}\n`).join(''))
  else if (clusters.length > 0)
    deps.streams.out(
      clusterTable(clusters, now, {
        wide: options.output === 'wide',
        headers: options.headers,
        labels: options.showLabels,
      }),
    )
  else deps.messages.info('No nested clusters found')
}

type ListFlags = Pick<ListOptions, 'allNamespaces' | 'selector' | 'showLabels' | 'headers' | 'output'>

export function listCommand(deps: Deps, run: typeof listRun = listRun): Command {
  return new Command('list')
    .alias('ls')
    .description('list the nested clusters of all namespaces that you may look into, or of one with -n')
    .option('-A, --all-namespaces', 'all namespaces, as without -n')
    .option('-l, --selector <query>', 'those with these labels, as in team=web,tier!=db')
    .option('--show-labels', 'show their labels')
    .addOption(noHeadersOption())
    .addOption(outputOption(['table', 'wide', 'json', 'yaml', 'name']))
    .action((flags: ListFlags, command: Command) => run(deps, { ...globalOptions(command), ...flags }))
}
