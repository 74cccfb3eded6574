import { labels, parseBytes, type NodeSpec } from '@knest/core'
import type { EngineName } from '../engine/engine.js'
import { balancerRange } from '../engine/network.js'
import {
  clusterLabels,
  diskVolume,
  firstControlPlane,
  homeVolume,
  labelArguments,
  networkName,
} from '../engine/names.js'
import { runCommand, type RuntimeOptions } from '../engine/runtime-options.js'
import { proxyVariables } from './pull-proxy.js'

/** What the machine and the engine give to a node's container. */
export interface ContainerSetting {
  readonly engine: EngineName
  readonly address: string
  readonly options: RuntimeOptions
  readonly hasModules: boolean
  /** Directory with the node image's only layer; the node then has its own image without a copy. */
  readonly imageLayer: string | undefined
  /** File to use as resolv.conf when the engine's own does not work in pods. */
  readonly resolvConf: string | undefined
  readonly machine: { readonly cpuCores: number; readonly memoryBytes: number }
  /** For pulls alone, as `pullProxy` has it. */
  readonly pullVariables: Readonly<Record<string, string>>
}

export const homeDirectory = '/knest/home'

/**
 * podman's service for the start of the machine looks for it. docker's "unless-stopped" takes a container that its daemon
 * has found running after a crash, and stopped, for one that a user stopped (moby/moby#43204).
 */
export const restartPolicy = 'always'

/** Arguments of the engine: makes and starts the container that is a node. */
export function runArguments(spec: NodeSpec, setting: ContainerSetting): readonly string[] {
  return [
    ...runCommand(setting.options),
    ...['--detach', '--name', spec.name, '--hostname', spec.name],
    ...['--privileged', '--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'],
    ...['--security-opt', 'label=disable'],
    ...['--tmpfs', '/run', '--tmpfs', '/tmp'],
    ...volumes(spec, setting),
    ...['--network', networkName(spec.cluster.name), '--ip', setting.address],
    ...spec.hosts.flatMap(({ ip, name }) => ['--add-host', `${name}:${ip}`]),
    ...['--restart', restartPolicy],
    ...machineLimits(spec, setting),
    ...labelArguments(nodeLabels(spec)),
    ...withoutProxies(setting.engine),
    // Without values: they may hold a password, and come from the engine's environment.
    ...Object.keys(setting.pullVariables).flatMap((name) => ['--env', name]),
    ...['--env', `KNEST_NODE_NAME=${spec.name}`],
    ...(spec.identity === undefined ? [] : ['--env', `KNEST_IDENTITY=${spec.identity}`]),
    // Of one node only: each of several would answer for them.
    ...(spec.name === firstControlPlane(spec.cluster.name)
      ? ['--env', `KNEST_LOAD_BALANCER_ADDRESSES=${balancerRange(setting.address)}`]
      : []),
    spec.image,
  ]
}

/** Empty ones keep docker from putting in those of its own configuration. */
function withoutProxies(engine: EngineName): readonly string[] {
  return engine === 'podman'
    ? ['--http-proxy=false']
    : proxyVariables.flatMap((name) => ['--env', `${name}=`])
}

function nodeLabels(spec: NodeSpec): Readonly<Record<string, string>> {
  return {
    ...clusterLabels(spec.cluster),
    [labels.node]: spec.name,
    [labels.role]: spec.role,
    [labels.pool]: spec.pool,
  }
}

function volumes(
  spec: NodeSpec,
  { hasModules, imageLayer, resolvConf }: ContainerSetting,
): readonly string[] {
  // Unlike --volume, --mount refuses a source that is not there.
  const bind = (source: string, target: string): string[] => [
    '--mount',
    `type=bind,source=${source},target=${target},readonly`,
  ]
  return [
    ...['--volume', `${diskVolume(spec.name)}:/knest/disk`],
    ...(spec.role === 'control-plane'
      ? ['--volume', `${homeVolume(spec.cluster.name)}:${homeDirectory}`]
      : []),
    ...(hasModules ? bind('/lib/modules', '/lib/modules') : []),
    ...(imageLayer === undefined ? [] : bind(imageLayer, '/knest/node-image')),
    ...(resolvConf === undefined ? [] : bind(resolvConf, '/etc/resolv.conf')),
  ]
}

/** A node as large as the machine gets no limit: it grows with the machine. */
function machineLimits({ machine }: NodeSpec, { machine: whole }: ContainerSetting): readonly string[] {
  const memory = parseBytes(machine.memorySize)
  return [
    // podman's default of 2048 is what some nested clusters need together.
    ...['--pids-limit', '-1'],
    ...(machine.cpuCores < whole.cpuCores ? ['--cpus', String(machine.cpuCores)] : []),
    ...(memory < whole.memoryBytes ? ['--memory', String(memory)] : []),
  ]
}
