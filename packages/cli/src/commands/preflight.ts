import type { Problem } from 'knest'
import { Command } from 'commander'
import type { Deps } from '../deps.js'
import { exitCodes, SilentExit } from '../exit-codes.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { operate, withClusters } from '../operation.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'
import { outputOption, renderValue, type OutputFormat } from '../output.js'
import { addCreateFlags, type CreateFlags } from './create-flags.js'

export interface PreflightOptions extends GlobalOptions, TimeLimit {
  readonly name?: string | undefined
  readonly flags: CreateFlags
  readonly output?: OutputFormat | undefined
}

export async function preflightRun(deps: Deps, options: PreflightOptions): Promise<void> {
  const { readDesiredSpec } = await import('./desired-spec.js')
  const desired = await readDesiredSpec(deps, options)
  const found = await withClusters(deps, options, (clusters) =>
    operate(
      deps,
      options,
      (run) => clusters.preflight(desired.ref, desired.spec, run),
      () => Promise.resolve({ message: 'nothing was changed', hint: undefined }),
    ),
  )
  const problems = deps.messages.wordedProblems(found)
  deps.streams.out((await renderValue({ problems }, options.output)) ?? forPeople(problems))
  if (problems.some((problem) => problem.severity === 'error')) throw new SilentExit(exitCodes.prerequisite)
}

function forPeople(problems: readonly Problem[]): string {
  if (problems.length === 0) return 'no problems found\n'
  return problems.map(({ severity, message, hint }) => `${severity}: ${message}\n  hint: ${hint}\n`).join('')
}

export function preflightCommand(deps: Deps, run: typeof preflightRun = preflightRun): Command {
  const command = new Command('preflight')
    .description('look for everything that would make `create` with the same flags fail; change nothing')
    .argument('[name]', 'cluster name')
  return addCreateFlags(command)
    .option('--timeout <duration>', 'give up after this time (default: 1m)')
    .addOption(outputOption(['table', 'json', 'yaml']))
    .action(
      (
        name: string | undefined,
        given: CreateFlags & { readonly timeout?: string; readonly output?: OutputFormat },
        self: Command,
      ) => {
        const { timeout, output, ...flags } = given
        return run(deps, {
          ...globalOptions(self),
          name,
          flags,
          ...timeLimit(timeout ?? '1m'),
          output,
        })
      },
    )
}
