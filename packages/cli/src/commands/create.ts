import {
  clusterCommand,
  kubectlCommand,
  type ClusterKubeconfig,
  type ClusterRef,
  type PlannedStep,
} from 'knest'
import { Command } from 'commander'
import { bindBefore, ensureController } from '../controller-offer.js'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { checkKeeping, keepIfPossible, type Kept } from '../kubeconfig/kept.js'
import { offerKubeVirt } from '../kubevirt-offer.js'
import { ask, operate, sayHost, withHost } from '../operation.js'
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
import { refuseTogether } from '../one-of.js'
import { warnOfProxy } from '../proxy-warning.js'
import { leftovers } from '../leftovers.js'
import { showOutcome } from '../show-changed.js'
import { addCreateFlags, type CreateFlags } from './create-flags.js'
import { parseOwner, withOwner } from './delete-with.js'
import type { DesiredSpec } from './desired-spec.js'
import { settleFailedCreate } from './failed-create.js'

export interface CreateOptions extends GlobalOptions, TimeLimit, TimingOptions {
  readonly name?: string | undefined
  readonly flags: CreateFlags
  readonly dryRun: boolean
  /** Answers for whom nobody asks. */
  readonly yes: boolean
  /** Put a controller on a host that has none. */
  readonly controller: boolean
  /** The pod that the cluster is deleted with. */
  readonly deleteWith?: ReturnType<typeof parseOwner> | undefined
  /** Delete what was made when the creation fails. */
  readonly rollback: boolean
  readonly merge: boolean
  readonly switchContext: boolean
  readonly output?: OutputFormat | undefined
}

export async function createRun(deps: Deps, options: CreateOptions): Promise<void> {
  const { readDesiredSpec } = await import('./desired-spec.js')
  const desired = await readDesiredSpec(deps, options)
  const { ref, labels } = desired
  await withHost(deps, options, async (open, host) => {
    const { clusters } = open
    sayHost(deps, host)
    const { deleteWith, namespace } = options
    const spec = await ask(
      deps,
      (signal) => withOwner(open, desired.spec, deleteWith, namespace, signal),
      undefined,
      options,
    )
    const left = (): ReturnType<typeof leftovers> => leftovers(clusters, ref)
    if (options.dryRun) {
      const plan = await operate(deps, options, (run) => clusters.planCreate(ref, spec, run), left)
      await showPlanned(deps, { ...desired, spec }, plan, options.output)
      return
    }
    const install = await offerKubeVirt(deps, open, spec, options.yes)
    let isUnfinished = false
    let isOurs = false
    try {
      let kept: Kept | undefined
      const access = await withTiming(deps, options, `knest create ${ref.name}`, (clock) =>
        operate(
          deps,
          options,
          async (run) => {
            const owner = { ref, host: await host.record(run.signal) }
            await checkKeeping(deps, owner, options)
            await install?.(run)
            const deliver = async ({ kubeconfig }: ClusterKubeconfig): Promise<void> => {
              kept = await keepIfPossible(deps, owner, kubeconfig, options, run.signal)
            }
            const bind = await bindBefore(open, { ref, spec }, options.controller, run.signal)
            const recorded = async (signal: AbortSignal): Promise<void> => {
              isUnfinished = true
              await bind?.(signal)
            }
            const made = (): void => {
              isOurs = true
            }
            const created = await clusters.create(ref, spec, {
              ...run,
              clock,
              labels,
              deliver,
              placed: bind,
              recorded,
              made,
            })
            isUnfinished = false
            await ensureController(deps, open, ref, run, options.controller)
            return created
          },
          left,
        ),
      )
      await showOutcome(deps, clusters, ref, options.output, 'created')
      deps.messages.info(nextSteps(ref, kept, access))
      if (access.reachable) await warnOfProxy(deps, access.server, `, or use ${clusterCommand('shell', ref)}`)
    } catch (error) {
      const begun = { isUnfinished, isOurs }
      await settleFailedCreate(deps, open, host, { ...options, ref, begun }, error)
      throw error
    }
  })
}

/** As kubectl: the object that would be made, where a format is one for machines, and else the steps. */
async function showPlanned(
  deps: Deps,
  { ref, spec, labels }: DesiredSpec,
  plan: readonly PlannedStep[],
  output: OutputFormat | undefined,
): Promise<void> {
  if (output === 'name') deps.streams.out(`${ref.name}\n`)
  else if (output !== 'json' && output !== 'yaml') await printPlan(deps, plan, output)
  else {
    const { clusterManifest } = await deps.manifests()
    deps.streams.out((await renderValue(clusterManifest(ref, spec, labels), output)) ?? '')
  }
}

function nextSteps(ref: ClusterRef, kept: Kept | undefined, access: ClusterKubeconfig): string {
  const shell = clusterCommand('shell', ref)
  if (!access.reachable) {
    return `Your cluster "${ref.name}" is ready, but this machine cannot reach ${access.server}; use ${shell}\n`
  }
  const { file, context } = kept ?? {}
  if (file === undefined) return `Your cluster "${ref.name}" is ready; use ${shell}\n`
  const kubectl = kubectlCommand(
    ...(context === undefined ? ['--kubeconfig', file] : ['--context', context]),
    'get',
    'nodes',
  )
  return (
    `Your cluster "${ref.name}" is now accessible with the kubeconfig file "${file}"\n` +
    `Try ${kubectl} or ${shell}\n`
  )
}

interface OwnFlags extends CreateFlags, TimingFlags {
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly controller?: boolean
  readonly deleteWith?: ReturnType<typeof parseOwner>
  readonly retain?: boolean
  readonly rollback?: boolean
  readonly merge?: boolean
  readonly switchContext?: boolean
  readonly timeout?: string
  readonly output?: OutputFormat
}

export function createCommand(deps: Deps, run: typeof createRun = createRun): Command {
  const command = new Command('create')
    .description('create a nested cluster, or go on with one whose creation was interrupted')
    .argument('[name]', 'cluster name (default: the name in the file, else knest)')
  return addTimingFlags(addCreateFlags(command))
    .option('--dry-run', 'print the steps, or with -o yaml the NestedCluster, and do nothing')
    .option('-y, --yes', 'install KubeVirt without asking where VM nodes need it')
    .option('--no-controller', 'do not put a controller that heals clusters on a host that has none')
    .option(
      '--delete-with <pod>',
      'pod/NAME of the host, as of a CI job: the controller deletes the cluster when it is gone',
      parseOwner,
    )
    .option('--retain', 'keep what was made when the creation fails, to look at it or to go on (the default)')
    .option('--rollback', 'delete what was made when the creation fails')
    .option('--no-merge', 'do not add a context to your kubeconfig')
    .option('--switch-context', 'make the new context the current one')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action((name: string | undefined, given: OwnFlags, self: Command) => {
      refuseTogether('--switch-context', given.switchContext === true, '--no-merge', given.merge === false)
      refuseTogether('--rollback', given.rollback === true, '--retain', given.retain === true)
      const { dryRun, yes, controller, merge, switchContext, ...others } = given
      const { timeout, output, timing, timingSvg, deleteWith, rollback, ...flags } = others
      return run(deps, {
        ...globalOptions(self),
        name,
        flags,
        dryRun: dryRun === true,
        yes: yes === true,
        controller: controller !== false,
        deleteWith,
        rollback: rollback === true,
        merge: merge !== false,
        switchContext: switchContext === true,
        ...timeLimit(timeout),
        ...timingOptions({ timing, timingSvg }),
        output,
      })
    })
}
