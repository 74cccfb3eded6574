import type { Clusters, ClusterRef, PlannedStep, RunOptions } from 'knest'
import { Command } from 'commander'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { onCluster } from '../on-cluster.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'
import { outputOption, type OutputFormat } from '../output.js'
import { showOutcome } from '../show-changed.js'
import { printPlan } from '../views/plan.js'

interface PauseOptions extends GlobalOptions, TimeLimit {
  readonly name: string
  readonly dryRun: boolean
  readonly output?: OutputFormat | undefined
}

/** The two ways of a switch. */
interface Switch {
  readonly verb: 'pause' | 'resume'
  readonly description: string
  readonly done: 'paused' | 'resumed'
  readonly plan: (clusters: Clusters, ref: ClusterRef, run: RunOptions) => Promise<readonly PlannedStep[]>
  readonly act: (clusters: Clusters, ref: ClusterRef, run: RunOptions) => Promise<unknown>
}

async function switchRun(deps: Deps, { done, plan, act }: Switch, options: PauseOptions): Promise<void> {
  await onCluster(deps, options, async ({ clusters, ref, operate }) => {
    if (options.dryRun) {
      const steps = await operate((run) => plan(clusters, ref, run))
      await printPlan(deps, steps, options.output)
      return
    }
    await operate((run) => act(clusters, ref, run))
    await showOutcome(deps, clusters, ref, options.output, done)
  })
}

interface PauseFlags {
  readonly dryRun?: boolean
  readonly timeout?: string
  readonly output?: OutputFormat
}

function switchCommand(deps: Deps, way: Switch): Command {
  return new Command(way.verb)
    .description(way.description)
    .argument('<name>', 'cluster name')
    .option('--dry-run', 'print the steps and do nothing')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action((name: string, flags: PauseFlags, command: Command) =>
      switchRun(deps, way, {
        ...globalOptions(command),
        name,
        dryRun: flags.dryRun === true,
        ...timeLimit(flags.timeout),
        output: flags.output,
      }),
    )
}

export function pauseCommand(deps: Deps): Command {
  return switchCommand(deps, {
    verb: 'pause',
    description: 'take the nodes of a persistent cluster off the host, and keep all that they have',
    done: 'paused',
    plan: (clusters, ref, run) => clusters.planPause(ref, run),
    act: (clusters, ref, run) => clusters.pause(ref, run),
  })
}

export function resumeCommand(deps: Deps): Command {
  return switchCommand(deps, {
    verb: 'resume',
    description: 'start the nodes of a paused cluster again',
    done: 'resumed',
    plan: (clusters, ref, run) => clusters.planResume(ref, run),
    act: (clusters, ref, run) => clusters.resume(ref, run),
  })
}
