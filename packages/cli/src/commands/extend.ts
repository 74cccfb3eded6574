import { Command } from 'commander'
import type { Deps } from '../deps.js'
import { parseDuration } from '../duration.js'
import { globalOptions } from '../global-options.js'
import { onCluster } from '../on-cluster.js'
import { timeLimit } from '../time-limit.js'
import { outputOption, type OutputFormat } from '../output.js'
import { showChanged } from '../show-changed.js'

interface ExtendFlags {
  readonly timeout?: string
  readonly output?: OutputFormat
}

export function extendCommand(deps: Deps): Command {
  return new Command('extend')
    .description('have a cluster live longer, or from now on for this time where it has no end')
    .argument('<name>', 'cluster name')
    .argument('<duration>', 'how much longer, as in 1h')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action(async (name: string, duration: string, { timeout, output }: ExtendFlags, command: Command) => {
      const moreMs = parseDuration(duration, 'duration', longest)
      const options = { ...globalOptions(command), name, ...timeLimit(timeout) }
      await onCluster(deps, options, async ({ clusters, ref, operate }) => {
        const extended = await operate((run) => clusters.extend(ref, moreMs, run))
        await showChanged(deps, extended, output, `lives until ${extended.expiresAt ?? 'it is deleted'}`)
      })
    })
}

/** A year: more is a typing error. */
const longest = 365 * 24 * 3_600_000
