import { Command } from 'commander'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { onCluster } from '../on-cluster.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'
import { outputOption, renderValue, type OutputFormat } from '../output.js'

export interface HealOptions extends GlobalOptions, TimeLimit {
  readonly name: string
  readonly output?: OutputFormat | undefined
}

export async function healRun(deps: Deps, options: HealOptions): Promise<void> {
  await onCluster(deps, options, async ({ clusters, ref, operate }) => {
    const { phase, actions, nodes, failure } = await operate((run) => clusters.heal(ref, run))
    for (const { message } of actions) deps.messages.info(message)
    if (failure !== undefined) throw failure
    const value = await renderValue({ name: ref.name, phase, actions, nodes }, options.output)
    deps.streams.out(value ?? `cluster "${ref.name}" ${actions.length === 0 ? `is ${phase}` : 'healed'}\n`)
  })
}

interface HealFlags {
  readonly timeout?: string
  readonly output?: OutputFormat
}

export function healCommand(deps: Deps, run: typeof healRun = healRun): Command {
  return new Command('heal')
    .description('replace nodes that are dead and mend the rest, as the controller does by itself')
    .argument('<name>', 'cluster name')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(outputOption(['json', 'yaml']))
    .action((name: string, { timeout, output }: HealFlags, command: Command) =>
      run(deps, { ...globalOptions(command), name, ...timeLimit(timeout), output }),
    )
}
