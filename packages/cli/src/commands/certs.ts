import { clusterCommand, type Clusters, type ClusterRef } from 'knest'
import { Command } from 'commander'
import { certificateNames, certificateTable, certificatesView } from '../views/certificates.js'
import { checkTarget, defaultName } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import type { FoundHost } from '../find-host.js'
import { checkKeeping, keepIfPossible } from '../kubeconfig/kept.js'
import { ask, findCluster, operate, withHost } from '../operation.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'
import { noHeadersOption, outputOption, renderValue, type OutputFormat } from '../output.js'
import { printPlan } from '../views/plan.js'
import { leftovers } from '../leftovers.js'

export interface CertsOptions extends GlobalOptions, TimeLimit {
  readonly name: string
  readonly renew: boolean
  readonly all: boolean
  readonly merge: boolean
  readonly dryRun: boolean
  readonly headers?: boolean | undefined
  readonly output?: OutputFormat | undefined
}

export async function certsRun(deps: Deps, options: CertsOptions): Promise<void> {
  await checkTarget(deps, options)
  await withHost(deps, options, async ({ clusters }, host) => {
    const ref = await findCluster(deps, clusters, options)
    const again = { ...options, namespace: options.namespace ?? ref.namespace }
    await (options.renew ? renew(deps, host, ref, again) : show(deps, clusters, ref, again))
  })
}

async function show(deps: Deps, clusters: Clusters, ref: ClusterRef, options: CertsOptions): Promise<void> {
  const found = await ask(deps, (signal) => clusters.certificates(ref, signal))
  const value = await renderValue(certificatesView(ref, found), options.output)
  const names = options.output === 'name' ? certificateNames(found.certificates) : undefined
  deps.streams.out(value ?? names ?? certificateTable(found, tableStyle(options)))
  for (const problem of found.problems) deps.messages.warning(problem)
  const due = found.certificates.filter(({ daysLeft }) => daysLeft < found.renewBeforeDays).length
  if (due > 0 || found.unfinished.length > 0) {
    const what =
      due > 0
        ? `${count(due)} ${due === 1 ? 'ends' : 'end'} within ${found.renewBeforeDays} days`
        : 'a renewal was broken off'
    deps.messages.warning(`${what}; renew with ${clusterCommand('certs', ref, '--renew')}`)
  }
}

async function renew(deps: Deps, host: FoundHost, ref: ClusterRef, options: CertsOptions): Promise<void> {
  const { clusters } = host.open
  const request = { all: options.all }
  const left = (): ReturnType<typeof leftovers> => leftovers(clusters, ref)
  if (options.dryRun) {
    const plan = await operate(deps, options, (run) => clusters.planRenewal(ref, request, run), left)
    await printPlan(deps, plan, options.output)
    return
  }
  const keep = { merge: options.merge, switchContext: false }
  const owner = { ref, host: await ask(deps, (signal) => host.record(signal)) }
  await checkKeeping(deps, owner, keep)
  const result = await operate(deps, options, (run) => clusters.renewCertificates(ref, request, run), left)
  // What this machine has may be older than what is stored on the host.
  const again = clusterCommand('kubeconfig', ref, '--merge')
  const { kubeconfig } = await ask(
    deps,
    (signal) => clusters.kubeconfig(ref, signal),
    `${count(result.renewed.length)} of cluster "${ref.name}" renewed, and not the kubeconfig on this machine: ${again}`,
  )
  const { file, context } = await keepIfPossible(deps, owner, kubeconfig, keep)

  const value = await renderValue(certificatesView(ref, result), options.output)
  if (value !== undefined) deps.streams.out(value)
  else if (options.output === 'name') deps.streams.out(certificateNames(result.renewed))
  else if (options.output === 'table' || options.output === 'wide')
    deps.streams.out(certificateTable(result, tableStyle(options)))
  else if (result.renewed.length > 0)
    deps.streams.out(`${count(result.renewed.length)} of cluster "${ref.name}" renewed\n`)
  else
    deps.streams.out(`no certificate of cluster "${ref.name}" ends within ${result.renewBeforeDays} days\n`)
  if (file === undefined) return
  deps.messages.info(
    context === undefined ? `New kubeconfig: ${file}` : `Context "${context}" is set; own file: ${file}`,
  )
}

function tableStyle({ output, headers }: CertsOptions): { wide: boolean; headers: boolean | undefined } {
  return { wide: output === 'wide', headers }
}

function count(certificates: number): string {
  return certificates === 1 ? '1 certificate' : `${certificates} certificates`
}

interface CertsFlags {
  readonly renew?: boolean
  readonly all?: boolean
  readonly merge?: boolean
  readonly dryRun?: boolean
  readonly timeout?: string
  readonly headers?: boolean
  readonly output?: OutputFormat
}

export function certsCommand(deps: Deps, run: typeof certsRun = certsRun): Command {
  return new Command('certs')
    .description('show when certificates of a nested cluster end, or renew them')
    .argument('[name]', 'cluster name', defaultName)
    .option('--renew', 'renew those that end within a month, and your kubeconfig')
    .option('--all', 'renew all; the same as --renew for every certificate')
    .option('--no-merge', 'with --renew, do not change the context in your kubeconfig')
    .option('--dry-run', 'print the steps of a renewal and do nothing')
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .addOption(noHeadersOption())
    .addOption(outputOption(['table', 'wide', 'json', 'yaml', 'name']))
    .action((name: string, flags: CertsFlags, command: Command) =>
      run(deps, {
        ...globalOptions(command),
        name,
        renew: flags.renew === true || flags.all === true || flags.dryRun === true,
        all: flags.all === true,
        merge: flags.merge !== false,
        dryRun: flags.dryRun === true,
        ...timeLimit(flags.timeout),
        headers: flags.headers,
        output: flags.output,
      }),
    )
}
