import { Option, type Command } from 'commander'
import type { Deps, EngineName, HostTarget } from '../../deps.js'
import { commandLine } from '../../global-options.js'

export interface TargetFlags {
  readonly name?: string
  readonly engine?: EngineName
}

export const defaultHostName = 'knest-host'

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

/** A command to type that is about this host and no other. */
export function sameHost(verb: 'up' | 'down', { name, engine }: HostTarget): string {
  const flags = [
    ...(name === defaultHostName ? [] : ['--name', name]),
    ...(engine === undefined ? [] : ['--engine', engine]),
  ]
  return commandLine(['host', verb, ...flags], {})
}
