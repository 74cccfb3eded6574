import {
  clusterCommand,
  KnestError,
  type ClusterChange,
  type ClusterKubeconfig,
  type RunOptions,
} from 'knest'
import { Command } from 'commander'
import { changeText } from '../views/changes.js'
import { bindBefore, ensureController } from '../controller-offer.js'
import type { Deps } from '../deps.js'
import { once, refuseTogether } from '../one-of.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { checkKeeping, keepIfPossible, type Kept } from '../kubeconfig/kept.js'
import { operate, sayHost, withHost } from '../operation.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'
import { outputOption, type OutputFormat } from '../output.js'
import { showOutcome } from '../show-changed.js'
import { warnOfProxy } from '../proxy-warning.js'
import { leftovers } from '../leftovers.js'
import { printChange } from './plan.js'

export interface ApplyOptions extends GlobalOptions, TimeLimit {
  readonly file: string
  readonly force: boolean
  readonly yes: boolean
  readonly dryRun: boolean
  /** Put a controller on a host that has none, with a new cluster. */
  readonly controller: boolean
  readonly merge: boolean
  readonly switchContext: boolean
  readonly output?: OutputFormat | undefined
}

export async function applyRun(deps: Deps, options: ApplyOptions): Promise<void> {
  const { readDesiredSpec } = await import('./desired-spec.js')
  const { ref, spec, labels } = await readDesiredSpec(deps, {
    ...options,
    flags: { from: options.file, force: options.force },
  })
  await withHost(deps, options, async (open, host) => {
    const { clusters } = open
    sayHost(deps, host)
    const left = (): ReturnType<typeof leftovers> => leftovers(clusters, ref)
    const asker = options.yes ? undefined : deps.asker()
    if (options.dryRun || asker !== undefined) {
      const change = await operate(deps, options, (run) => clusters.planApply(ref, spec, run), left)
      if (options.dryRun) return printChange(deps, ref, change, options.output)
      deps.messages.must('plan', { ...change }, changeText(change))
      if (
        asker !== undefined &&
        change.action !== 'unchanged' &&
        !(await asker(`Apply this to cluster "${ref.name}"?`))
      )
        throw new KnestError('cancelled', 'nothing was changed')
    }
    let kept: Kept | undefined
    let access: string | undefined
    const apply = async (run: RunOptions): Promise<ClusterChange['action']> => {
      const owner = { ref, host: await host.record(run.signal) }
      await checkKeeping(deps, owner, options)
      const deliver = async ({ kubeconfig, server }: ClusterKubeconfig): Promise<void> => {
        access = server
        kept = await keepIfPossible(deps, owner, kubeconfig, options, run.signal)
      }
      const bind = await bindBefore(open, { ref, spec }, options.controller, run.signal)
      const done = await clusters.apply(ref, spec, { ...run, labels, deliver, placed: bind, recorded: bind })
      await ensureController(deps, open, ref, run, done === 'created' && options.controller)
      return done
    }
    const action = await operate(deps, options, apply, left)
    await showOutcome(deps, clusters, ref, options.output, action)
    if (kept?.context !== undefined && action === 'created')
      deps.messages.info(`Context "${kept.context}" is set`)
    if (access !== undefined) await warnOfProxy(deps, access, `, or use ${clusterCommand('shell', ref)}`)
  })
}

interface ApplyFlags {
  readonly filename: string
  readonly force?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly controller?: boolean
  readonly merge?: boolean
  readonly switchContext?: boolean
  readonly timeout?: string
  readonly output?: OutputFormat
}

export function applyCommand(deps: Deps, run: typeof applyRun = applyRun): Command {
  return new Command('apply')
    .description('create the cluster that a file describes, or change it to what the file says')
    .requiredOption(
      '-f, --filename <file>',
      'file with one NestedCluster; - for standard input',
      once('--filename'),
    )
    .option('--force', 'allow an even number of control-plane nodes')
    .option('-y, --yes', 'do not ask on a terminal')
    .option('--dry-run', 'print what would change and do nothing')
    .option('--no-controller', 'do not put a controller that heals clusters on a host that has none')
    .option('--no-merge', 'do not add a context to your kubeconfig')
    .option('--switch-context', 'make the new context the current one')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(outputOption(['json', 'yaml', 'name']))
    .action((flags: ApplyFlags, command: Command) => {
      refuseTogether('--switch-context', flags.switchContext === true, '--no-merge', flags.merge === false)
      return run(deps, {
        ...globalOptions(command),
        file: flags.filename,
        force: flags.force === true,
        yes: flags.yes === true,
        dryRun: flags.dryRun === true,
        controller: flags.controller !== false,
        merge: flags.merge !== false,
        switchContext: flags.switchContext === true,
        ...timeLimit(flags.timeout),
        output: flags.output,
      })
    })
}
