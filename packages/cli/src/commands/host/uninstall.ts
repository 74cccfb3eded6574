import { Argument, Command } from 'commander'
import type { Deps } from '../../deps.js'
import { globalOptions, type GlobalOptions } from '../../global-options.js'
import { operate, timeLimit, withHost, type TimeLimit } from '../../operation.js'

export async function hostUninstallRun(deps: Deps, options: GlobalOptions & TimeLimit): Promise<void> {
  const description = await withHost(deps, options, async (open) => {
    await operate(
      deps,
      options,
      (run) => open.controller.uninstall(run),
      () =>
        Promise.resolve({
          message: 'the controller may be there in part',
          hint: 'run the same command again',
        }),
    )
    return open.description
  })
  deps.streams.out(`the controller is removed from ${description}\n`)
}

export function hostUninstallCommand(deps: Deps, run: typeof hostUninstallRun = hostUninstallRun): Command {
  return new Command('uninstall')
    .description('take the controller off the host cluster of --context; clusters stay as they are')
    .addArgument(new Argument('<what>', 'what to remove').choices(['controller']))
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .action((_what: string, { timeout }: { readonly timeout?: string }, command: Command) =>
      run(deps, { ...globalOptions(command), ...timeLimit(timeout) }),
    )
}
