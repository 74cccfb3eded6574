import type { ClusterChange, ClusterRef } from 'knest'
import { Command } from 'commander'
import { changeText } from '../views/changes.js'
import type { Deps } from '../deps.js'
import { SilentExit } from '../exit-codes.js'
import { once } from '../one-of.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { operate, withClusters } from '../operation.js'
import { timeLimit } from '../time-limit.js'
import { outputOption, renderValue, type OutputFormat } from '../output.js'

export interface PlanOptions extends GlobalOptions {
  readonly file: string
  readonly force: boolean
  readonly output?: OutputFormat | undefined
}

/** As `kubectl diff` tells a script that something would change. No error ends with it: a gate must not take one for changes. */
const changesExitCode = 1

export async function planRun(deps: Deps, options: PlanOptions): Promise<void> {
  const { readDesiredSpec } = await import('./desired-spec.js')
  const { ref, spec } = await readDesiredSpec(deps, {
    ...options,
    flags: { from: options.file, force: options.force },
  })
  const change = await withClusters(deps, options, (clusters) =>
    operate(
      deps,
      { ...options, ...timeLimit(undefined) },
      (run) => clusters.planApply(ref, spec, run),
      () => Promise.resolve({ message: 'nothing was changed', hint: undefined }),
    ),
  )
  await printChange(deps, ref, change, options.output)
  if (change.action !== 'unchanged') throw new SilentExit(changesExitCode)
}

export async function printChange(
  deps: Deps,
  ref: ClusterRef,
  change: ClusterChange,
  output: OutputFormat | undefined,
): Promise<void> {
  const steps = change.steps.map(({ id, title, needs }) => ({ id, title, needs }))
  const value = await renderValue({ cluster: ref.name, namespace: ref.namespace, ...change, steps }, output)
  const would = change.action === 'unchanged' ? 'is as the file says' : `would be ${change.action}`
  deps.streams.out(value ?? `${changeText(change)}cluster "${ref.name}" ${would}\n`)
}

interface PlanFlags {
  readonly filename: string
  readonly force?: boolean
  readonly output?: OutputFormat
}

export function planCommand(deps: Deps, run: typeof planRun = planRun): Command {
  return new Command('plan')
    .description('show what `apply` with the same file would do: exit code 0 when nothing, 1 when something')
    .requiredOption(
      '-f, --filename <file>',
      'file with one NestedCluster; - for standard input',
      once('--filename'),
    )
    .option('--force', 'allow an even number of control-plane nodes')
    .addOption(outputOption(['json', 'yaml']))
    .action((flags: PlanFlags, command: Command) =>
      run(deps, {
        ...globalOptions(command),
        file: flags.filename,
        force: flags.force === true,
        output: flags.output,
      }),
    )
}
