import { KnestError } from '@knest/core'
import { Argument, Command } from 'commander'
import type { Deps, InstallOptions } from '../../deps.js'
import { parseDuration } from '../../duration.js'
import { globalOptions, type GlobalOptions } from '../../global-options.js'
import { manifestsVariable } from '../../kubevirt-offer.js'
import { defaultTimeoutMs, operate, withHost } from '../../operation.js'

export interface HostInstallOptions extends GlobalOptions {
  readonly kubeVirt: Omit<InstallOptions, 'manifests'> & { readonly manifests: string | undefined }
  readonly timeoutMs: number
}

export async function hostInstallRun(deps: Deps, options: HostInstallOptions): Promise<void> {
  const { version } = options.kubeVirt
  const manifests = options.kubeVirt.manifests ?? deps.env[manifestsVariable]
  if (version !== undefined && !/^v\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
    throw new KnestError('usage', `KubeVirt version "${version}" is not one of its releases`, {
      hint: 'write it as in v1.8.4',
    })
  }
  if (manifests === undefined || manifests === '') {
    throw new KnestError('usage', 'it is not said where the manifests of KubeVirt are', {
      hint:
        'give the folder or URL of a KubeVirt release, with kubevirt-operator.yaml and kubevirt-cr.yaml, ' +
        `by --manifests or ${manifestsVariable}; {version} in it stands for --version`,
    })
  }
  const description = await withHost(deps, options, async (open) => {
    await operate(
      deps,
      options,
      (run) => open.kubeVirt.install({ ...options.kubeVirt, manifests }, run),
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
    .option('--version <version>', 'release of KubeVirt, as in v1.8.4')
    .option('--emulation', 'run VMs in software: for hosts without KVM, and slow')
    .option('--manifests <dir|url>', `where the manifests of a release are (default: $${manifestsVariable})`)
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .action((_what: string, { version, emulation, manifests, timeout }: Flags, command: Command) =>
      run(deps, {
        ...globalOptions(command),
        kubeVirt: { version, emulation: emulation === true, manifests },
        timeoutMs: timeout === undefined ? defaultTimeoutMs : parseDuration(timeout, '--timeout'),
      }),
    )
}
