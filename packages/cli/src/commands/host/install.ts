import { KnestError, parseVersion } from 'knest'
import { Argument, Command } from 'commander'
import type { Deps, InstallOptions } from '../../deps.js'
import { globalOptions, type GlobalOptions } from '../../global-options.js'
import { controllerImage } from 'knest'
import { kubeVirtRelease, kubeVirtVersion, manifestsVariable } from '../../kubevirt-offer.js'
import { timeLimit, type TimeLimit } from '../../time-limit.js'
import { onHost } from './on-host.js'

interface HostInstallOptions extends GlobalOptions, TimeLimit {
  readonly kubeVirt: Partial<InstallOptions> & Pick<InstallOptions, 'emulation'>
}

async function hostInstallKubeVirt(deps: Deps, options: HostInstallOptions): Promise<void> {
  const { version, emulation } = options.kubeVirt
  if (version !== undefined && (!version.startsWith('v') || parseVersion(version) === undefined)) {
    throw new KnestError('usage', `KubeVirt version "${version}" is not one of its releases`, {
      hint: 'write it as in v1.8.4',
    })
  }
  const release = kubeVirtRelease(deps.env, options.kubeVirt)
  await onHost(deps, options, {
    work: ({ kubeVirt }, run) => kubeVirt.install({ ...release, emulation }, run),
    interrupted: 'KubeVirt may be installed in part',
    done: (host) => `KubeVirt is installed on ${host}`,
  })
}

interface HostControllerOptions extends GlobalOptions, TimeLimit {
  readonly image: string
  readonly allNamespaces: boolean
}

async function hostInstallController(deps: Deps, options: HostControllerOptions): Promise<void> {
  await onHost(deps, options, {
    work: ({ controller }, run) =>
      controller.install(options.image, run, { allNamespaces: options.allNamespaces }),
    interrupted: 'the controller may be installed in part',
    done: (host) => `the controller is installed on ${host}`,
  })
}

/** What the host cluster can be given. */
export const hostInstalls = { kubeVirt: hostInstallKubeVirt, controller: hostInstallController }

interface Flags {
  readonly version?: string
  readonly emulation?: boolean
  readonly manifests?: string
  readonly image?: string
  readonly allNamespaces?: boolean
  readonly timeout?: string
}

export function hostInstallCommand(deps: Deps, run: typeof hostInstalls = hostInstalls): Command {
  return new Command('install')
    .description('install on the host cluster of --context what VM nodes need, or what heals clusters')
    .addArgument(new Argument('<what>', 'what to install').choices(['kubevirt', 'controller']))
    .option('--version <version>', `release of KubeVirt (default: ${kubeVirtVersion})`)
    .option('--emulation', 'run VMs in software: for hosts without KVM, and slow')
    .option(
      '--manifests <dir|url>',
      `folder or URL with kubevirt-operator.yaml and kubevirt-cr.yaml; {version} in it stands for the release (default: $${manifestsVariable}, else KubeVirt's releases)`,
    )
    .option('--image <image>', `image of the controller (default: ${controllerImage})`)
    .option(
      '-A, --all-namespaces',
      'let the controller work in every namespace, also where nobody has bound it',
    )
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .action((what: 'kubevirt' | 'controller', flags: Flags, command: Command) => {
      const common = { ...globalOptions(command), ...timeLimit(flags.timeout) }
      refuseStrangers(what, flags)
      if (what === 'controller')
        return run.controller(deps, {
          ...common,
          image: flags.image ?? controllerImage,
          allNamespaces: flags.allNamespaces === true,
        })
      const { version, emulation, manifests } = flags
      return run.kubeVirt(deps, {
        ...common,
        kubeVirt: {
          ...(version && { version }),
          ...(manifests && { manifests }),
          emulation: emulation === true,
        },
      })
    })
}

/** A flag that would change nothing is a mistake. */
function refuseStrangers(what: 'kubevirt' | 'controller', flags: Flags): void {
  const own: readonly (keyof Flags)[] =
    what === 'controller'
      ? ['image', 'allNamespaces', 'timeout']
      : ['version', 'emulation', 'manifests', 'timeout']
  const stranger = (Object.keys(flags) as (keyof Flags)[]).find((flag) => !own.includes(flag))
  if (stranger === undefined) return
  throw new KnestError('usage', `${flagOf(stranger)} has no meaning for ${what}`, { hint: 'leave it out' })
}

/** As in `--all-namespaces`. */
function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
