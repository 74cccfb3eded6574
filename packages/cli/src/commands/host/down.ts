import { anySignal, KnestError, type HostControl, type HostStatus } from 'knest'
import { Command } from 'commander'
import type { Deps, HostTarget } from '../../deps.js'
import { globalOptions, type GlobalOptions } from '../../global-options.js'
import { forgetEmbedded, forgetNested, unlessImpossible } from '../../kubeconfig/kept.js'
import type { HostRecord } from '../../kubeconfig/index.js'
import { ask, operate } from '../../operation.js'
import { timeLimit, type TimeLimit } from '../../time-limit.js'
import {
  addTargetOptions,
  checkHostTarget,
  hostTarget,
  keepingIn,
  refuseHostFlags,
  type TargetFlags,
} from './target.js'

export interface HostDownOptions extends GlobalOptions, TimeLimit {
  readonly target: HostTarget
  readonly ignoreNotFound: boolean
}

export async function hostDownRun(given: Deps, options: HostDownOptions): Promise<void> {
  const { target } = options
  refuseHostFlags('down', options, { keepsContext: true })
  const deps = keepingIn(given, options)
  await checkHostTarget(deps, target)
  const control = await deps.hostControl()
  try {
    const status = await ask(deps, (signal) => control.status(target, signal))
    const record = await ask(deps, (signal) => recordOf(deps, control, status, signal))
    await operate(
      deps,
      options,
      (run) => control.down(target, run),
      () =>
        Promise.resolve({
          message: `host "${target.name}" may exist in part`,
          hint: 'run the same command again to go on',
        }),
    )
    await unlessImpossible(
      deps,
      async () => {
        // Contexts of its clusters are where `create` keeps them.
        if (options.kubeconfig !== undefined && record !== undefined) await forgetNested(given, record)
        await forgetEmbedded(deps, status.context, record)
      },
      (why) => `contexts of host "${target.name}" may be left: ${why}`,
    )
  } catch (error) {
    if (options.ignoreNotFound && error instanceof KnestError && error.code === 'not-found') return
    throw error
  }
  deps.streams.out(`host "${target.name}" is gone\n`)
}

/** How long a host that is to go is asked who it is. */
const identityMs = 5_000

/** As contexts of its nested clusters have it; undefined when nothing of it is known. */
async function recordOf(
  deps: Deps,
  control: HostControl,
  { name, context, server }: HostStatus,
  signal: AbortSignal,
): Promise<HostRecord | undefined> {
  if (server === undefined) return undefined
  const asking = anySignal(signal, AbortSignal.timeout(identityMs))
  try {
    const kubeconfigText = await control.kubeconfig({ name }, asking)
    if (kubeconfigText === undefined) return { context, server }
    const host = await deps.openClusters({ kubeconfigText })
    try {
      return { context, server, uid: await host.identity.uid(asking) }
    } finally {
      host.close()
    }
  } catch {
    signal.throwIfAborted()
    return { context, server }
  }
}

interface Flags extends TargetFlags {
  readonly ignoreNotFound?: boolean
  readonly timeout?: string
}

export function hostDownCommand(deps: Deps, run: typeof hostDownRun = hostDownRun): Command {
  return addTargetOptions(new Command('down'))
    .description('remove the embedded host with all nested clusters and data in it')
    .option('--ignore-not-found', 'succeed when there is no such host')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .action((flags: Flags, command: Command) =>
      run(deps, {
        ...globalOptions(command),
        target: hostTarget(flags),
        ignoreNotFound: flags.ignoreNotFound === true,
        ...timeLimit(flags.timeout),
      }),
    )
}
