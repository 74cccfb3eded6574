import { Option, type Command } from 'commander'
import type { Deps, EngineName, HostTarget } from '../../deps.js'
import { defaultHostName } from 'knest'

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

/** A host's name is a cluster's: the embedded host is one. */
export async function checkHostTarget(deps: Deps, target: HostTarget): Promise<void> {
  const { validateClusterName } = await deps.spec()
  validateClusterName(target.name)
}
