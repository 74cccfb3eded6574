import { Command } from 'commander'
import type { Deps } from '../deps.js'
import { globalOptions, hostChoice, namesHost, type GlobalOptions } from '../global-options.js'
import { ask } from '../operation.js'
import { outputOption, renderValue, type OutputFormat } from '../output.js'
import { version } from 'knest'

export interface VersionOptions extends GlobalOptions {
  readonly output?: OutputFormat | undefined
}

/** The host is asked only when one is named: the answer must not depend on a network by default. */
export async function versionRun(deps: Deps, options: VersionOptions): Promise<void> {
  const { specDefaults } = await deps.spec()
  const host = namesHost(options) ? await hostVersion(deps, options) : undefined
  const versions = {
    knest: version,
    kubernetes: specDefaults.defaultKubernetesVersion,
    ...(host === undefined ? {} : { host }),
  }
  const value = await renderValue(versions, options.output)
  const lines = [
    `knest ${versions.knest}`,
    `Kubernetes ${versions.kubernetes} by default`,
    ...(host === undefined ? [] : [`host ${host}`]),
  ]
  deps.streams.out(value ?? lines.map((line) => `${line}\n`).join(''))
}

async function hostVersion(deps: Deps, options: GlobalOptions): Promise<string> {
  const open = await deps.openClusters(hostChoice(options))
  try {
    return await ask(deps, (signal) => open.hostVersion(signal))
  } finally {
    open.close()
  }
}

export function versionCommand(deps: Deps, run: typeof versionRun = versionRun): Command {
  return new Command('version')
    .description('show the versions of knest and its Kubernetes; with --context also of the host')
    .addOption(outputOption(['json', 'yaml']))
    .action((flags: Pick<VersionOptions, 'output'>, command: Command) =>
      run(deps, { ...globalOptions(command), output: flags.output }),
    )
}
