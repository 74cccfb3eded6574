import { KnestError } from 'knest'
import type { ClusterInput } from 'knest/spec'
import type { SpecRoom } from '../deps.js'
import { booleanWords } from '../boolean-words.js'
import { oneOf } from '../one-of.js'
import type { CreateFlags } from './create-flags.js'
import { wholeNumber } from './number-flag.js'
import { registryMirrors } from './registry-mirrors.js'

/** The flags as a wish; what was not given stays undefined, so that a file's value stands. */
export function flagsToInput(room: SpecRoom, flags: CreateFlags): ClusterInput {
  refuseKernels(flags)
  const controlPlane = defined({
    count: wholeNumber(flags.controlPlaneMachineCount, '--control-plane-machine-count'),
    backend: flags.controlPlaneBackend ?? flags.backend,
    machine: defined({
      cpuCores: cores(room, flags.controlPlaneMachineCpuCores, '--control-plane-machine-cpu-cores'),
      memorySize: flags.controlPlaneMachineMemorySize,
      rootfsSize: flags.controlPlaneMachineRootfsSize,
    }),
  })
  const worker = defined({
    count: wholeNumber(flags.workerMachineCount, '--worker-machine-count'),
    backend: flags.workerBackend ?? flags.backend,
    machine: defined({
      cpuCores: cores(room, flags.workerMachineCpuCores, '--worker-machine-cpu-cores'),
      memorySize: flags.workerMachineMemorySize,
      rootfsSize: flags.workerMachineRootfsSize,
    }),
  })
  return (
    defined({
      kubernetesVersion: flags.kubernetesVersion,
      image: image(flags),
      vmImage: flags.vmImage,
      controlPlane,
      workers: worker === undefined ? undefined : [worker],
      network: defined({
        podNetworkCidr: ranges(flags.podNetworkCidr),
        serviceCidr: ranges(flags.serviceCidr),
        cni: flags.cni,
      }),
      endpoint: defined({ serviceType: flags.controlPlaneEndpointServiceType }),
      persistence: defined({
        enabled: flags.persistent,
        storageClass: flags.storageClass,
        addresses: machineAddresses(flags),
        hostClusterCni: oneOf(
          ['--host-cluster-cni', flags.hostClusterCni],
          ['--persistent-host-cluster-cni', flags.persistentHostClusterCni],
        ),
      }),
      deletionPolicy: flags.deletionPolicy,
      ttl: flags.ttl,
      kubernetes: defined({
        featureGates: featureGates(flags.featureGates),
        runtimeConfig: runtimeConfig(flags.runtimeConfig),
      }),
      addons: defined({ storage: flags.defaultStorage }),
      health: defined({ unhealthyAfter: flags.unhealthyAfter, maxUnhealthy: flags.maxUnhealthy }),
      registries: registryMirrors(flags.registryMirror),
    }) ?? {}
  )
}

function machineAddresses(flags: CreateFlags): string[] | undefined {
  const given = [...(flags.machineAddresses ?? []), ...(flags.persistentMachineAddresses ?? [])]
  return given.length === 0 ? undefined : given
}

/** As kubeadm takes them. */
function ranges(text: string | undefined): string[] | undefined {
  return text?.split(',').map((range) => range.trim())
}

/** As `kube-apiserver` takes them. */
function featureGates(given: readonly string[] | undefined): Record<string, boolean> | undefined {
  return namedValues(given, (text) => {
    const [name, value] = split(text)
    const isTrue = value === undefined ? undefined : booleanWords.get(value)
    if (name !== '' && isTrue !== undefined) return [name, isTrue]
    throw new KnestError('usage', `--feature-gates "${text}" does not say whether the gate is on`, {
      hint: 'write it as in A=true,B=false',
    })
  })
}

/** As `kube-apiserver` takes it: a name alone is on. */
function runtimeConfig(given: readonly string[] | undefined): Record<string, string> | undefined {
  return namedValues(given, (text) => {
    const [name, value = 'true'] = split(text)
    const isTrue = booleanWords.get(value)
    if (name !== '' && isTrue !== undefined) return [name, String(isTrue)]
    throw new KnestError('usage', `--runtime-config "${text}" is not understood`, {
      hint: 'write it as in api/all=true or resource.k8s.io/v1beta1=true',
    })
  })
}

function namedValues<T>(
  given: readonly string[] | undefined,
  read: (text: string) => readonly [string, T],
): Record<string, T> | undefined {
  return given === undefined ? undefined : Object.fromEntries(given.map(read))
}

function split(text: string): readonly [string, string?] {
  const at = text.indexOf('=')
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** The object without its undefined fields; undefined when nothing is left. */
function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } | undefined {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined)
  return entries.length === 0
    ? undefined
    : (Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> })
}

function cores(room: SpecRoom, text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  try {
    return room.parseCpuCores(text)
  } catch (error) {
    throw new KnestError('usage', `${flag} "${text}" is not a number of cores`, {
      hint: 'write it as in 2, 0.5 or 500m',
      cause: error,
    })
  }
}

/** The old knest had images for each role; a node image serves all. */
function image(flags: CreateFlags): string | undefined {
  const given = new Set(
    [
      flags.image,
      flags.controlPlaneMachineRootfsImage,
      flags.workerMachineRootfsImage,
      flags.persistentControlPlaneMachineRootfsImage,
      flags.persistentWorkerMachineRootfsImage,
    ].filter((value) => value !== undefined),
  )
  if (given.size > 1) {
    throw new KnestError('usage', `different images are given: ${[...given].join(', ')}`, {
      hint: 'one node image serves all nodes; give it with --image',
    })
  }
  return [...given][0]
}

function refuseKernels(flags: CreateFlags): void {
  for (const [flag, value] of [
    ['--control-plane-machine-kernel-image', flags.controlPlaneMachineKernelImage],
    ['--worker-machine-kernel-image', flags.workerMachineKernelImage],
  ] as const) {
    if (value === undefined) continue
    throw new KnestError(
      'usage',
      `${flag} has no meaning: pod nodes use the host's kernel, VM nodes their image's`,
      {
        hint: 'leave it out',
      },
    )
  }
}
