import type { UpgradeRequest } from 'knest'
import { Command } from 'commander'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { onCluster } from '../on-cluster.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'
import { outputOption, type OutputFormat } from '../output.js'
import { printPlan } from '../views/plan.js'
import { showChanged } from '../show-changed.js'
import { wholeNumber } from './number-flag.js'

export interface UpgradeOptions extends GlobalOptions, TimeLimit {
  readonly name: string
  readonly request: UpgradeRequest
  readonly dryRun: boolean
  readonly output?: OutputFormat | undefined
}

export async function upgradeRun(deps: Deps, options: UpgradeOptions): Promise<void> {
  const { request } = options
  await onCluster(deps, options, async ({ clusters, ref, operate }) => {
    if (options.dryRun) {
      const plan = await operate((run) => clusters.planUpgrade(ref, request, run))
      await printPlan(deps, plan, options.output)
      return
    }
    const status = await operate((run) => clusters.upgrade(ref, request, run))
    await showChanged(deps, status, options.output, `upgraded to ${status.kubernetesVersion}`)
  })
}

interface UpgradeFlags {
  readonly kubernetesVersion: string
  readonly image?: string
  readonly maxUnavailable?: string
  readonly maxSurge?: string
  readonly dryRun?: boolean
  readonly timeout?: string
  readonly output?: OutputFormat
}

export function upgradeCommand(deps: Deps, run: typeof upgradeRun = upgradeRun): Command {
  return new Command('upgrade')
    .description('bring all nodes to another version of Kubernetes, one after another')
    .argument('<name>', 'cluster name')
    .requiredOption('--kubernetes-version <version>', 'a later patch, or one of the next minor version')
    .option('--image <image>', 'node image (default: the present one, with the new version)')
    .option('--max-unavailable <n>', 'workers that are upgraded at the same time (default: 1)')
    .option('--max-surge <n>', 'further workers that each pool has meanwhile (default: 0)')
    .option('--dry-run', 'print the steps and do nothing')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action((name: string, flags: UpgradeFlags, command: Command) =>
      run(deps, {
        ...globalOptions(command),
        name,
        request: {
          kubernetesVersion: flags.kubernetesVersion,
          image: flags.image,
          maxUnavailable: wholeNumber(flags.maxUnavailable, '--max-unavailable'),
          maxSurge: wholeNumber(flags.maxSurge, '--max-surge'),
        },
        dryRun: flags.dryRun === true,
        ...timeLimit(flags.timeout),
        output: flags.output,
      }),
    )
}
