import type { ClusterSpec } from '@knest/core'
import { machineAddresses } from './calico.js'
import type { Extra } from './host-kinds.js'
import { createRandom } from './random.js'
import { vmImageOf } from './vm-host.js'

/** From this seed on a cluster may have VMs: `date +%s` of when they came. The stories before have none. */
const since = 1_795_970_000

/** The cluster of a story, some of whose nodes are VMs. */
export function withVms(spec: ClusterSpec, seed: number): ClusterSpec {
  if (seed < since) return spec
  const random = createRandom(seed, 4)
  const [controlPlane, workers] = random.pick([
    ['pod', 'pod'],
    ['pod', 'vm'],
    ['vm', 'vm'],
    ['vm', 'vm'],
    ['vm', 'pod'],
  ] as const)
  if (controlPlane === 'pod' && workers === 'pod') return spec
  return {
    ...spec,
    vmImage: vmImageOf(spec.kubernetesVersion),
    controlPlane: { ...spec.controlPlane, backend: controlPlane },
    workers: spec.workers.map((pool) => ({ ...pool, backend: workers })),
  }
}

/** From this seed on a cluster may keep the addresses of its nodes. */
const addressesSince = 1_795_972_000

/** The cluster of a story, the addresses of whose nodes are kept where its disks are. */
export function withAddresses(spec: ClusterSpec, seed: number): ClusterSpec {
  if (seed < addressesSince || !spec.persistence.enabled || createRandom(seed, 6).chance(0.4)) return spec
  const kept = { addresses: machineAddresses, hostClusterCni: 'calico' } as const
  return { ...spec, persistence: { ...spec.persistence, ...kept } }
}

/** What the host of a story has beside Kubernetes. Half of those with KubeVirt have CDI as well. */
export function extrasOf({ vmImage, persistence }: ClusterSpec, seed: number): ReadonlySet<Extra> {
  const extras = new Set<Extra>(persistence.addresses === undefined ? [] : ['calico'])
  if (vmImage === undefined) return extras
  if (createRandom(seed, 5).chance(0.5)) extras.add('cdi')
  return extras.add('kubevirt')
}
