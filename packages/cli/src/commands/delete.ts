import { defaultNamespace, KnestError, type Clusters, type ClusterRef, type RunOptions } from 'knest'
import { Command } from 'commander'
import { checkTarget } from '../cluster-target.js'
import { removeUnusedController } from '../controller-offer.js'
import type { Deps, OpenClusters } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { forgetKubeconfig, unlessImpossible } from '../kubeconfig/kept.js'
import { ask, findCluster, operate, withHost } from '../operation.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'
import { outputOption, renderValue, type OutputFormat } from '../output.js'
import { printPlan } from '../views/plan.js'
import {
  addTimingFlags,
  timingOptions,
  withTiming,
  type TimingFlags,
  type TimingOptions,
} from '../timing/timing.js'
import { leftovers } from '../leftovers.js'

export interface DeleteOptions extends GlobalOptions, TimeLimit, TimingOptions {
  readonly name: string
  readonly keepData: boolean
  readonly ignoreNotFound: boolean
  readonly dryRun: boolean
  readonly output?: OutputFormat | undefined
}

export async function deleteRun(deps: Deps, options: DeleteOptions): Promise<void> {
  await checkTarget(deps, options)
  await withHost(deps, options, async (open, host) => {
    const { clusters } = open
    const ref = await refOf(deps, clusters, options)
    const left = (): ReturnType<typeof leftovers> => leftovers(clusters, ref)
    if (options.dryRun) {
      const plan = await operate(
        deps,
        options,
        (run) => clusters.planDelete(ref, { ...run, keepData: options.keepData }),
        left,
      )
      await printPlan(deps, plan, options.output)
      return
    }
    const forget = async (): Promise<void> => {
      const gone = `cluster "${ref.name}" is deleted, and its context may be left`
      const owner = { ref, host: await ask(deps, (signal) => host.record(signal), gone) }
      await unlessImpossible(
        deps,
        () => forgetKubeconfig(deps, owner),
        (why) => `the context of cluster "${ref.name}" may be left: ${why}`,
      )
    }
    const deleted = await withTiming(deps, options, `knest delete ${ref.name}`, (clock) =>
      operate(deps, options, (run) => remove(open, ref, { ...run, clock }, options), left),
    ).catch(async (error: unknown) => {
      // Somebody else may have deleted it: what leads to it from here is dead, too.
      if (isNotFound(error)) await forget()
      throw error
    })
    await forget()
    if (deleted !== undefined) await showDeleted(deps, ref, options.output, deleted.dataKept)
  })
}

async function showDeleted(
  deps: Deps,
  { name, namespace }: ClusterRef,
  output: OutputFormat | undefined,
  dataKept: boolean,
): Promise<void> {
  const value = await renderValue({ name, namespace, deleted: true, dataKept }, output)
  deps.streams.out(value ?? (output === 'name' ? `${name}\n` : `cluster "${name}" deleted\n`))
}

/** A half deleted cluster has no record any more, but `delete` still finds what is left of it. */
async function refOf(deps: Deps, clusters: Clusters, options: DeleteOptions): Promise<ClusterRef> {
  try {
    return await findCluster(deps, clusters, options)
  } catch (error) {
    if (!isNotFound(error)) throw error
    return { name: options.name, namespace: options.namespace ?? defaultNamespace(options.name) }
  }
}

async function remove(
  open: OpenClusters,
  ref: ClusterRef,
  run: RunOptions,
  options: DeleteOptions,
): Promise<{ readonly dataKept: boolean } | undefined> {
  const { keepData } = options
  try {
    const [deleted, dismissed] = await Promise.allSettled([
      open.clusters.delete(ref, { ...run, keepData }),
      keepData ? undefined : removeUnusedController(open, ref, run),
    ])
    if (deleted.status === 'rejected') throw deleted.reason
    if (dismissed.status === 'rejected') throw dismissed.reason
    return deleted.value
  } catch (error) {
    if (options.ignoreNotFound && isNotFound(error)) return undefined
    throw error
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof KnestError && error.code === 'not-found'
}

interface DeleteFlags extends TimingFlags {
  readonly keepData?: boolean
  readonly ignoreNotFound?: boolean
  readonly dryRun?: boolean
  readonly timeout?: string
  readonly output?: OutputFormat
}

export function deleteCommand(deps: Deps, run: typeof deleteRun = deleteRun): Command {
  const command = new Command('delete')
    .description('delete a nested cluster and everything that was made for it')
    .argument('<name>', 'cluster name')
    .option('--keep-data', 'keep the disks of persistent nodes')
    .option('--ignore-not-found', 'succeed when there is no such cluster')
    .option('--dry-run', 'print the steps and do nothing')
  return addTimingFlags(command)
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action((name: string, flags: DeleteFlags, self: Command) =>
      run(deps, {
        ...globalOptions(self),
        name,
        keepData: flags.keepData === true,
        ignoreNotFound: flags.ignoreNotFound === true,
        dryRun: flags.dryRun === true,
        ...timeLimit(flags.timeout),
        ...timingOptions(flags),
        output: flags.output,
      }),
    )
}
