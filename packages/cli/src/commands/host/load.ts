import { Command } from 'commander'
import type { Deps, HostTarget } from '../../deps.js'
import { globalOptions, type GlobalOptions } from '../../global-options.js'
import { operate } from '../../operation.js'
import { timeLimit, type TimeLimit } from '../../time-limit.js'
import { addTargetOptions, checkHostTarget, hostTarget, refuseHostFlags, type TargetFlags } from './target.js'

export interface HostLoadOptions extends GlobalOptions, TimeLimit {
  readonly target: HostTarget
  readonly images: readonly string[]
}

export async function hostLoadRun(deps: Deps, options: HostLoadOptions): Promise<void> {
  refuseHostFlags('load', options)
  await checkHostTarget(deps, options.target)
  const control = await deps.hostControl()
  await operate(
    deps,
    options,
    (run) => control.load(options.target, options.images, run),
    () => Promise.resolve({ message: 'some images may not be loaded', hint: 'run the same command again' }),
  )
  for (const image of options.images) deps.streams.out(`image "${image}" loaded\n`)
}

export function hostLoadCommand(deps: Deps, run: typeof hostLoadRun = hostLoadRun): Command {
  return addTargetOptions(new Command('load'))
    .description('put images of this machine into the embedded host')
    .argument('<image...>', 'images as the container engine names them')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .action(
      (images: readonly string[], flags: TargetFlags & { readonly timeout?: string }, command: Command) =>
        run(deps, {
          ...globalOptions(command),
          target: hostTarget(flags),
          images,
          ...timeLimit(flags.timeout),
        }),
    )
}
