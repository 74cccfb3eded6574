import { KnestError } from '@knest/core'
import { Argument, Command } from 'commander'
import type { Deps, InstallOptions } from '../../deps.js'
import { globalOptions, type GlobalOptions } from '../../global-options.js'
import { kubeVirtRelease, kubeVirtVersion, manifestsVariable } from '../../kubevirt-offer.js'
import { operate, timeLimit, withHost, type TimeLimit } from '../../operation.js'

export interface HostInstallOptions extends GlobalOptions, TimeLimit {
  readonly kubeVirt: Partial<InstallOptions> & Pick<InstallOptions, 'emulation'>
}

export async function hostInstallRun(deps: Deps, options: HostInstallOptions): Promise<void> {
  const { version, emulation } = options.kubeVirt
  if (version !== undefined && !/^v\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
    throw new KnestError('usage', `KubeVirt version "${version}" is not one of its releases`, {
      hint: 'write it as in v1.8.4',
    })
  }
  const release = kubeVirtRelease(deps.env, options.kubeVirt)
  const description = await withHost(deps, options, async (open) => {
    await operate(
      deps,
      options,
      (run) => open.kubeVirt.install({ ...release, emulation }, run),
      () =>
        Promise.resolve({ message: 'KubeVirt may be installed in part', hint: 'run the same command again' }),
    )
    return open.description
  })
  deps.streams.out(`KubeVirt is installed on ${description}\n`)
}

interface Flags {
  readonly version?: string
  readonly emulation?: boolean
  readonly manifests?: string
  readonly timeout?: string
}

export function hostInstallCommand(deps: Deps, run: typeof hostInstallRun = hostInstallRun): Command {
  return new Command('install')
    .description('install what VM nodes need on the host cluster of --context')
    .addArgument(new Argument('<what>', 'what to install').choices(['kubevirt']))
    .option('--version <version>', `release of KubeVirt (default: ${kubeVirtVersion})`)
    .option('--emulation', 'run VMs in software: for hosts without KVM, and slow')
    .option(
      '--manifests <dir|url>',
      `folder or URL with kubevirt-operator.yaml and kubevirt-cr.yaml; {version} in it stands for the release (default: $${manifestsVariable}, else KubeVirt's releases)`,
    )
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .action((_what: string, { version, emulation, manifests, timeout }: Flags, command: Command) =>
      run(deps, {
        ...globalOptions(command),
        kubeVirt: {
          ...(version && { version }),
          ...(manifests && { manifests }),
          emulation: emulation === true,
        },
        ...timeLimit(timeout),
      }),
    )
}
