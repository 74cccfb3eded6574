import { Command } from 'commander'
import { checkTarget } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { globalOptions } from '../global-options.js'
import { refuseTogether } from '../one-of.js'
import { withHost } from '../operation.js'
import { outputOption, type OutputFormat } from '../output.js'
import { timeLimit } from '../time-limit.js'
import { addTimingFlags, timingOptions, type TimingFlags } from '../timing/timing.js'
import { deleteOne, showDeleted, type DeleteOptions } from './delete-one.js'
import { deleteSeveral } from './delete-several.js'

export async function deleteRun(deps: Deps, options: DeleteOptions): Promise<void> {
  await checkTarget(deps, options)
  await withHost(deps, options, async (open, host) => {
    const deleted = await deleteOne(deps, open, host, options)
    if (deleted !== undefined) await showDeleted(deps, deleted, options)
  })
}

interface DeleteFlags extends TimingFlags {
  readonly keepData?: boolean
  readonly ignoreNotFound?: boolean
  readonly dryRun?: boolean
  readonly all?: boolean
  readonly selector?: string
  readonly yes?: boolean
  readonly timeout?: string
  readonly output?: OutputFormat
}

export function deleteCommand(deps: Deps, run: typeof deleteRun = deleteRun): Command {
  const command = new Command('delete')
    .description('delete nested clusters and everything that was made for them')
    .argument('[name...]', 'cluster names')
    .option('--all', 'all clusters of the host, or of the namespace of -n; asks before')
    .option('-l, --selector <query>', 'those with these labels, as in job=12; asks nothing')
    .option('-y, --yes', 'do not ask')
    .option('--keep-data', 'keep the disks of persistent nodes')
    .option('--ignore-not-found', 'succeed when there is no such cluster')
    .option('--dry-run', 'print the steps and do nothing')
  return addTimingFlags(command)
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action(async (names: readonly string[], flags: DeleteFlags, self: Command) => {
      const options = {
        ...globalOptions(self),
        keepData: flags.keepData === true,
        ignoreNotFound: flags.ignoreNotFound === true,
        dryRun: flags.dryRun === true,
        ...timeLimit(flags.timeout),
        ...timingOptions(flags),
        output: flags.output,
      }
      refuseTogether('--all', flags.all === true, 'the name of a cluster', names.length > 0)
      refuseTogether('--selector', flags.selector !== undefined, '--all', flags.all === true)
      refuseTogether('--selector', flags.selector !== undefined, 'the name of a cluster', names.length > 0)
      const [name, ...others] = new Set(names)
      if (name !== undefined && others.length === 0) return run(deps, { ...options, name })
      return deleteSeveral(deps, options, {
        names: [...new Set(names)],
        all: flags.all === true,
        selector: flags.selector,
        yes: flags.yes === true,
      })
    })
}
