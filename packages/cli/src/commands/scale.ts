import { clusterCommand, type ScaleRequest } from 'knest'
import { Command } from 'commander'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { onCluster } from '../on-cluster.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'
import { outputOption, type OutputFormat } from '../output.js'
import { printPlan } from '../views/plan.js'
import { showChanged } from '../show-changed.js'
import {
  addTimingFlags,
  timingOptions,
  withTiming,
  type TimingFlags,
  type TimingOptions,
} from '../timing/timing.js'
import { scaleRequest } from './scale-request.js'

export interface ScaleOptions extends GlobalOptions, TimeLimit, TimingOptions {
  readonly name: string
  readonly counts: readonly string[]
  readonly controlPlaneMachineCount?: string | undefined
  readonly workerMachineCount?: string | undefined
  readonly force: boolean
  readonly dryRun: boolean
  readonly output?: OutputFormat | undefined
}

export async function scaleRun(deps: Deps, options: ScaleOptions): Promise<void> {
  const request: ScaleRequest = scaleRequest(await deps.spec(), options)
  await onCluster(deps, options, async ({ clusters, ref, operate }) => {
    if (options.dryRun) {
      const plan = await operate((run) => clusters.planScale(ref, request, run))
      await printPlan(deps, plan, options.output)
      return
    }
    const summary = await withTiming(deps, options, `knest scale ${ref.name}`, (clock) =>
      operate((run) => clusters.scale(ref, request, { ...run, clock })),
    )
    await showChanged(deps, summary, options.output, `scaled to ${counts(summary)}`)
    if (summary.phase !== 'Ready')
      deps.messages.warning(`cluster "${ref.name}" is ${summary.phase}; see ${clusterCommand('status', ref)}`)
  })
}

function counts(summary: { controlPlane: { desired: number }; workers: { desired: number } }): string {
  return `${summary.controlPlane.desired}:${summary.workers.desired}`
}

interface ScaleFlags extends TimingFlags {
  readonly controlPlaneMachineCount?: string
  readonly workerMachineCount?: string
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly timeout?: string
  readonly output?: OutputFormat
}

export function scaleCommand(deps: Deps, run: typeof scaleRun = scaleRun): Command {
  const command = new Command('scale')
    .description('change the number of nodes')
    .argument('<name>', 'cluster name')
    .argument('[counts...]', 'CONTROL-PLANES:WORKERS, a blank side stays as it is; or POOL=N')
    .option('--control-plane-machine-count <n>', 'number of control-plane nodes')
    .option('--worker-machine-count <n>', 'number of worker nodes')
    .option('--force', 'allow an even number of control-plane nodes')
    .option('--dry-run', 'print the steps and do nothing')
  return addTimingFlags(command)
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action((name: string, given: readonly string[], flags: ScaleFlags, self: Command) =>
      run(deps, {
        ...globalOptions(self),
        name,
        counts: given,
        controlPlaneMachineCount: flags.controlPlaneMachineCount,
        workerMachineCount: flags.workerMachineCount,
        force: flags.force === true,
        dryRun: flags.dryRun === true,
        ...timeLimit(flags.timeout),
        ...timingOptions(flags),
        output: flags.output,
      }),
    )
}
