import { Option, type Command } from 'commander'
import type { Deps, EngineName, HostTarget } from '../../deps.js'
import { defaultHostName, KnestError } from 'knest'
import type { GlobalOptions } from '../../global-options.js'

export interface TargetFlags {
  readonly name?: string
  readonly engine?: EngineName
}

export function addTargetOptions(command: Command): Command {
  return command
    .option('--name <name>', `name of the embedded host (default: ${defaultHostName})`)
    .addOption(
      new Option('--engine <name>', 'what runs containers (default: detected)').choices(['podman', 'docker']),
    )
}

export function hostTarget(flags: TargetFlags): HostTarget {
  return { name: flags.name ?? defaultHostName, engine: flags.engine }
}

/**
 * Refuses what means nothing for a host of this machine: it is known by --name, has no namespace, and its kubeconfig
 * is only of interest where the context is written or taken away. Throws `usage`.
 */
export function refuseHostFlags(
  command: string,
  { context, namespace, kubeconfig }: GlobalOptions,
  { keepsContext = false } = {},
): void {
  const refuse = (flag: string, hint: string): never => {
    throw new KnestError('usage', `${flag} has no meaning for host ${command}`, { hint })
  }
  if (context !== undefined) refuse('--context', 'the embedded host is the one of --name: leave it out')
  if (namespace !== undefined) refuse('--namespace', 'leave it out')
  if (kubeconfig !== undefined && !keepsContext) refuse('--kubeconfig', 'leave it out')
}

/** With --kubeconfig, which is one file whatever it is called, the context is written there, and nowhere else. */
export function keepingIn(deps: Deps, { kubeconfig }: GlobalOptions): Deps {
  if (kubeconfig === undefined) return deps
  const kubeconfigs: Deps['kubeconfigs'] = async () => ({
    ...(await deps.kubeconfigs()),
    kubeconfigFiles: () => [kubeconfig],
  })
  return { ...deps, kubeconfigs }
}

/** A host's name is a cluster's: the embedded host is one. */
export async function checkHostTarget(deps: Deps, target: HostTarget): Promise<void> {
  const { validateClusterName } = await deps.spec()
  validateClusterName(target.name)
}
