import { Command } from 'commander'
import { age } from '../../views/age.js'
import { byteSize } from '../../views/byte-size.js'
import type { HostResource } from 'knest'
import type { Deps, HostStatus, HostTarget } from '../../deps.js'
import { globalOptions, type GlobalOptions } from '../../global-options.js'
import { ask } from '../../operation.js'
import { outputOption, renderValue, type OutputFormat } from '../../output.js'
import { renderTable } from '../../render/table.js'
import { addTargetOptions, checkHostTarget, hostTarget, refuseHostFlags, type TargetFlags } from './target.js'

export interface HostStatusOptions extends GlobalOptions {
  readonly target: HostTarget
  readonly output?: OutputFormat | undefined
}

export async function hostStatusRun(deps: Deps, options: HostStatusOptions): Promise<void> {
  refuseHostFlags('status', options)
  await checkHostTarget(deps, options.target)
  const control = await deps.hostControl()
  const status = await ask(deps, (signal) => control.status(options.target, signal))
  const value = await renderValue(hostView(status), options.output)
  const name = options.output === 'name' ? `${status.name}\n` : undefined
  deps.streams.out(value ?? name ?? hostText(status, deps.now()))
}

/** A host as `-o json` shows it. */
export function hostView(status: HostStatus): Record<string, unknown> {
  const { name, engine, phase, kubernetesVersion, context, createdAt } = status
  return {
    name,
    engine,
    phase,
    kubernetesVersion,
    context,
    server: status.server ?? null,
    createdAt,
    reason: status.reason ?? null,
    room: status.room.map((resource) => ({
      name: resource.name,
      capacity: resource.capacity,
      used: resource.used ?? null,
      requested: resource.requested ?? null,
      warning: resource.warning ?? null,
    })),
  }
}

function hostText(status: HostStatus, now: Date): string {
  return status.room.length === 0
    ? hostTable(status, now)
    : `${hostTable(status, now)}\n${roomTable(status.room)}`
}

function roomTable(room: readonly HostResource[]): string {
  return renderTable(
    ['RESOURCE', 'CAPACITY', 'USED', 'REQUESTED', 'NOTE'],
    room.map(({ name, capacity, used, requested, warning }) => {
      const show = amounts[name] ?? String
      const share = (amount: number | undefined): string =>
        amount === undefined ? '' : `${show(amount)} (${Math.round((100 * amount) / capacity)}%)`
      return [name, show(capacity), share(used), share(requested), warning ?? '']
    }),
  )
}

const amounts: Partial<Record<HostResource['name'], (amount: number) => string>> = {
  cpu: (cores) => `${Number(cores.toFixed(2))}`,
  memory: byteSize,
  disk: byteSize,
}

function hostTable(status: HostStatus, now: Date): string {
  return renderTable(
    ['NAME', 'ENGINE', 'PHASE', 'VERSION', 'CONTEXT', 'SERVER', 'AGE', 'REASON'],
    [
      [
        status.name,
        status.engine,
        status.phase,
        status.kubernetesVersion,
        status.context,
        status.server ?? '<none>',
        age(status.createdAt, now),
        status.reason ?? '',
      ],
    ],
  )
}

export function hostStatusCommand(deps: Deps, run: typeof hostStatusRun = hostStatusRun): Command {
  return addTargetOptions(new Command('status'))
    .description('show the embedded host')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action((flags: TargetFlags & { readonly output?: OutputFormat }, command: Command) =>
      run(deps, { ...globalOptions(command), target: hostTarget(flags), output: flags.output }),
    )
}
