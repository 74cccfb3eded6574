import { Command } from 'commander'
import { checkTarget, defaultName } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { ask, withClusters } from '../operation.js'
import { outputOption, renderValue, type OutputFormat } from '../output.js'
import { statusText } from '../status-text.js'
import { statusView } from '../status-view.js'

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
  deps.streams.out(value ?? statusText(status, deps.now(), options.output === 'wide'))
}

export function statusCommand(deps: Deps, run: typeof statusRun = statusRun): Command {
  return new Command('status')
    .description('show one nested cluster: nodes, etcd, certificates, and what is wrong')
    .argument('[name]', 'cluster name', defaultName)
    .addOption(outputOption(['table', 'wide', 'json', 'yaml']))
    .action((name: string, flags: Pick<StatusOptions, 'output'>, command: Command) =>
      run(deps, { ...globalOptions(command), name, output: flags.output }),
    )
}
