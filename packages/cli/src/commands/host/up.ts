import { hostCommand, knestCommand } from 'knest'
import { Command } from 'commander'
import type { Deps, HostUp } from '../../deps.js'
import { globalOptions, type GlobalOptions } from '../../global-options.js'
import { checkContext, hasCurrentContext, mergeContext, unlessImpossible } from '../../kubeconfig/kept.js'
import { registryMirrorOption } from '../create-flags.js'
import { registryMirrors } from '../registry-mirrors.js'
import { operate } from '../../operation.js'
import { timeLimit, type TimeLimit } from '../../time-limit.js'
import { outputOption, renderValue, type OutputFormat } from '../../output.js'
import { warnOfProxy } from '../../proxy-warning.js'
import { hostView } from './status.js'
import {
  addTargetOptions,
  checkHostTarget,
  hostTarget,
  keepingIn,
  refuseHostFlags,
  type TargetFlags,
} from './target.js'

export interface HostUpOptions extends GlobalOptions, TimeLimit {
  readonly target: HostUp
  readonly switchContext: boolean
  readonly output?: OutputFormat | undefined
}

export async function hostUpRun(given: Deps, options: HostUpOptions): Promise<void> {
  const { target } = options
  refuseHostFlags('up', options, { keepsContext: true })
  const deps = keepingIn(given, options)
  await checkHostTarget(deps, target)
  await checkContext(deps, target.name, { embedded: target.name }, options.switchContext)
  const control = await deps.hostControl()
  const makeCurrent = options.switchContext || !(await hasCurrentContext(deps))
  const { status, kubeconfig, changed } = await operate(
    deps,
    options,
    (run) => control.up(target, run),
    () =>
      Promise.resolve({
        message: `host "${target.name}" may exist in part`,
        hint: `run the same command again to go on, or remove it with ${hostCommand('down', target)}`,
      }),
  )
  let context: string | undefined
  await unlessImpossible(
    deps,
    async () => {
      context = await mergeContext(deps, kubeconfig, { embedded: status.context }, makeCurrent)
    },
    (why) => `the context of host "${status.name}" is not set: ${why}`,
  )
  const value = await renderValue(hostView(status), options.output)
  deps.streams.out(value ?? `host "${status.name}" ${changed ? 'is up' : 'is up already'}\n`)
  if (status.server !== undefined) await warnOfProxy(deps, status.server)
  if (context === undefined) return
  const set = makeCurrent ? 'is set and the current one' : 'is set'
  const create = knestCommand('create', ...(makeCurrent ? [] : ['--context', context]))
  deps.messages.info(`Context "${context}" ${set}; try ${create}`)
}

interface Flags extends TargetFlags {
  readonly image?: string
  readonly subnet?: string
  readonly podNetworkCidr?: string
  readonly serviceCidr?: string
  readonly registryMirror?: readonly string[]
  readonly switchContext?: boolean
  readonly timeout?: string
  readonly output?: OutputFormat
}

function hostRanges({ subnet, podNetworkCidr, serviceCidr }: Flags): HostUp['ranges'] {
  const isGiven = [subnet, podNetworkCidr, serviceCidr].some((cidr) => cidr !== undefined)
  return isGiven ? { subnet, podNetworkCidr, serviceCidr } : undefined
}

export function hostUpCommand(deps: Deps, run: typeof hostUpRun = hostUpRun): Command {
  return addTargetOptions(new Command('up'))
    .description('create the embedded host, or start it again with its data')
    .option('--image <image>', 'node image')
    .option('--subnet <cidr>', 'range of its network on this machine (default: a free /24)')
    .option('--pod-network-cidr <cidr>', 'range of its pods (default: 10.244.0.0/16, or one that is free)')
    .option('--service-cidr <cidr>', 'range of its Services (default: 10.96.0.0/12, or one that is free)')
    .addOption(registryMirrorOption())
    .option('--switch-context', 'make its context the current one')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(outputOption(['json', 'yaml']))
    .action((flags: Flags, command: Command) =>
      run(deps, {
        ...globalOptions(command),
        target: {
          ...hostTarget(flags),
          image: flags.image,
          ranges: hostRanges(flags),
          registries: registryMirrors(flags.registryMirror),
        },
        switchContext: flags.switchContext === true,
        ...timeLimit(flags.timeout),
        output: flags.output,
      }),
    )
}
