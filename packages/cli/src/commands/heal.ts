import { Command } from 'commander'
import { checkTarget } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { ask, operate, timeLimit, withClusters, type TimeLimit } from '../operation.js'
import { outputOption, renderValue, type OutputFormat } from '../output.js'
import { whatIsLeft } from '../what-is-left.js'

export interface HealOptions extends GlobalOptions, TimeLimit {
  readonly name: string
  readonly output?: OutputFormat | undefined
}

export async function healRun(deps: Deps, options: HealOptions): Promise<void> {
  await checkTarget(deps, options)
  await withClusters(deps, options, async (clusters) => {
    const ref = await ask(deps, (signal) => clusters.find(options.name, options.namespace, signal))
    const again = { ...options, namespace: ref.namespace }
    const { phase, actions, nodes } = await operate(
      deps,
      options,
      (run) => clusters.heal(ref, run),
      () => whatIsLeft(clusters, ref, 'run the same command again to go on', again),
    )
    for (const { message } of actions) deps.streams.err(`${message}\n`)
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
