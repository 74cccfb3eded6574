import { anySignal, clusterRef, controllerImage, KnestError, type Diagnosis, type DoctorRequest } from 'knest'
import { Command } from 'commander'
import { checkTarget } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { exitCodes, SilentExit } from '../exit-codes.js'
import type { FoundHost } from '../find-host.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { keptKubeconfig } from '../kubeconfig/kept.js'
import { isSameServer } from '../kubeconfig/same-server.js'
import { ask, findCluster, withHost } from '../operation.js'
import { outputOption, renderValue, type OutputFormat } from '../output.js'

export interface DoctorOptions extends GlobalOptions {
  /** Undefined: the host alone. */
  readonly name: string | undefined
  readonly output?: OutputFormat | undefined
}

/** As of `plan`: no error has it. */
const foundExitCode = 1
/** Of what is asked before all else: whether anybody answers, and whether there are VMs. */
const firstMs = 1_500

export async function doctorRun(deps: Deps, options: DoctorOptions): Promise<void> {
  const { name, output } = options
  const began = performance.now()
  if (name !== undefined) await checkTarget(deps, { ...options, name })
  const found = await withHost(deps, options, (_open, host) =>
    name === undefined ? ofHost(deps, host, began) : ofCluster(deps, host, { ...options, name }, began),
  )
  const { diagnosisNames, diagnosisText, wordedDiagnosis } = await import('../views/diagnosis.js')
  const diagnosis = wordedDiagnosis(found, (text) => deps.messages.worded(text))
  const { findings, unseen } = diagnosis
  const show = output === 'name' ? diagnosisNames : diagnosisText
  deps.streams.out((await renderValue({ findings, unseen }, output)) ?? show(diagnosis))
  if (output === 'name')
    for (const { what, why } of unseen) deps.messages.warning(`not looked at: ${what}: ${why}`)
  if (findings.some(({ severity }) => severity !== 'note')) throw new SilentExit(foundExitCode)
  if (unseen.length > 0) throw new SilentExit(exitCodes['host-unreachable'])
}

async function ofCluster(
  deps: Deps,
  host: FoundHost,
  options: DoctorOptions & { readonly name: string },
  began: number,
): Promise<Diagnosis> {
  const { clusters } = host.open
  const ref = await findCluster(deps, clusters, options)
  const kubeconfig = async (signal: AbortSignal): Promise<string | undefined> =>
    keptKubeconfig(deps, { ref, host: await host.record(signal) })
  return ask(deps, (signal) => clusters.diagnose(ref, { ...request(deps, host, began), kubeconfig }, signal))
}

async function ofHost(deps: Deps, host: FoundHost, began: number): Promise<Diagnosis> {
  const { resolveSpec } = await deps.spec()
  const { clusters, kubeVirt } = host.open
  return ask(deps, async (signal) => {
    const bounded = anySignal(signal, AbortSignal.timeout(firstMs))
    const [hasVms] = await Promise.all([
      kubeVirt.isThere(bounded).catch(() => false),
      host.open.hostVersion(bounded).catch(unlessUnreachable),
    ])
    signal.throwIfAborted()
    const vms = hasVms ? [resolveSpec({}, { force: false, backend: 'vm' })] : []
    return clusters.diagnoseHost(
      clusterRef('knest'),
      [resolveSpec({}), ...vms],
      request(deps, host, began),
      signal,
    )
  })
}

/** A host that nobody reaches is nothing to look at. What is slow, or forbidden, is told part by part. */
function unlessUnreachable(error: unknown): void {
  if (error instanceof KnestError && error.code === 'host-unreachable') throw error
}

function request(deps: Deps, { open: { identity } }: FoundHost, began: number): DoctorRequest {
  return {
    waitedMs: performance.now() - began,
    controllerImage,
    machine: async (signal) => {
      const { machineProblems } = await import('../views/machine-problems.js')
      const isSame = (server: string): boolean => isSameServer(server, identity.server)
      return machineProblems(await deps.hostControl(), identity.context, isSame, signal)
    },
  }
}

export function doctorCommand(deps: Deps, run: typeof doctorRun = doctorRun): Command {
  return new Command('doctor')
    .description('name what is wrong with the host and a cluster: exit code 0 when nothing, 1 when something')
    .argument('[name]', 'cluster name (default: the host alone)')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action((name: string | undefined, { output }: Pick<DoctorOptions, 'output'>, self: Command) =>
      run(deps, { ...globalOptions(self), name, output }),
    )
}
