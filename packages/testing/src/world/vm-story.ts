import type { ClusterSpec } from '@knest/core'
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

/** What the host of a story has beside Kubernetes. Half of those with KubeVirt have CDI as well. */
export function extrasOf({ vmImage }: ClusterSpec, seed: number): ReadonlySet<Extra> {
  if (vmImage === undefined) return new Set()
  return new Set(createRandom(seed, 5).chance(0.5) ? ['kubevirt', 'cdi'] : ['kubevirt'])
}
