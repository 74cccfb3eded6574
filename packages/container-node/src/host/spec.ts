import {
  imageTag,
  overlaps,
  parseCidr,
  parseVersion,
  resolveSpec,
  specDefaults,
  withoutV,
  type ClusterRef,
  type ClusterSpec,
  type OccupiedRange,
} from '@knest/core'
import { machineSize } from '../engine/machine.js'
import type { HostRanges, HostUp } from './types.js'

/** The engine has no namespaces: all hosts are in this one. */
const namespace = 'embedded'
/** flannel's own port: the nested clusters of the host use others. */
const vxlanPort = 8472
const mebibyte = 2 ** 20

/** Never what nested clusters get by default, so that both can be used together without a thought. */
const podRanges = ['10.244.0.0/16', '172.24.0.0/16', '192.168.0.0/17', '100.75.0.0/16'] as const
const serviceRanges = ['10.96.0.0/12', '172.25.0.0/16', '192.168.128.0/17', '100.76.0.0/16'] as const

export function hostRef(name: string): ClusterRef {
  return { name, namespace }
}

/** Contexts begin with `knest-`; the usual host is called so already. */
export function hostContext(name: string): string {
  return name.startsWith('knest-') ? name : `knest-${name}`
}

/** One control plane as large as the machine, which runs the workloads too; its disk outlives it. */
export function hostSpec(
  image: string | undefined,
  occupied: readonly OccupiedRange[],
  ranges: HostRanges = {},
  registries?: HostUp['registries'],
): ClusterSpec {
  const version = versionIn(image ?? '')
  const { cpuCores, memoryBytes } = machineSize()
  // What is chosen makes room for what was asked for; one that cannot be read is told by resolveSpec.
  const asked = (other: string | undefined): readonly OccupiedRange[] => [
    ...occupied,
    ...[other, ranges.subnet]
      .filter((cidr) => cidr !== undefined && isCidr(cidr))
      .map((cidr = '') => ({ cidr, usedBy: 'asked for' })),
  ]
  return resolveSpec(
    {
      ...(version === undefined ? {} : { kubernetesVersion: version }),
      ...(image === undefined ? {} : { image }),
      controlPlane: {
        count: 1,
        backend: 'container',
        machine: { cpuCores, memorySize: `${Math.ceil(memoryBytes / mebibyte)}Mi` },
      },
      workers: [{ count: 0, backend: 'container' }],
      network: {
        podNetworkCidr: [ranges.podNetworkCidr ?? chooseRange(podRanges, asked(ranges.serviceCidr))],
        serviceCidr: [ranges.serviceCidr ?? chooseRange(serviceRanges, asked(ranges.podNetworkCidr))],
        vxlanPort,
      },
      endpoint: { serviceType: 'ClusterIP' },
      persistence: { enabled: true },
      // It comes with what makes a cluster a host, also to one that is there.
      addons: { storage: 'none' },
      ...(registries === undefined ? {} : { registries }),
    },
    { force: false, backend: 'container' },
  )
}

/** As they may be in a record. Throws `config` for what they cannot be. */
export function checkRegistries(registries: HostUp['registries']): ClusterSpec['registries'] {
  return registries === undefined ? undefined : resolveSpec({ registries }).registries
}

/** The tag of a node image is its Kubernetes; any other tells nothing. */
function versionIn(image: string): string | undefined {
  const tag = imageTag(image) ?? ''
  return tag.startsWith('v') && parseVersion(tag) !== undefined ? withoutV(tag) : undefined
}

export function defaultHostImage(): string {
  return specDefaults.defaultImage(specDefaults.defaultKubernetesVersion)
}

/** The usual range, or another when this machine has a route into it; the check of the host tells when none is free. */
function chooseRange(candidates: readonly [string, ...string[]], occupied: readonly OccupiedRange[]): string {
  const isFree = (cidr: string): boolean =>
    !occupied.some((range) => overlaps(parseCidr(range.cidr), parseCidr(cidr)))
  return candidates.find(isFree) ?? candidates[0]
}

function isCidr(text: string): boolean {
  try {
    parseCidr(text)
    return true
  } catch {
    return false
  }
}
