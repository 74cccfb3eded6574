import { Argument, Command } from 'commander'
import type { Deps } from '../../deps.js'
import { globalOptions, type GlobalOptions } from '../../global-options.js'
import { timeLimit, type TimeLimit } from '../../time-limit.js'
import { onHost } from './on-host.js'

export async function hostUninstallRun(deps: Deps, options: GlobalOptions & TimeLimit): Promise<void> {
  await onHost(deps, options, {
    work: ({ controller }, run) => controller.uninstall(run),
    interrupted: 'the controller may be there in part',
    done: (host) => `the controller is removed from ${host}`,
  })
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
