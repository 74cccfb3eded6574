import type { KindRef, KubeApi, KubeObject, NodeSpec } from '@knest/core'

const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }

/** Labels of copies for nodes of one role. Not those of a node: its Services would send traffic to them. */
const copiesFor = 'knest.dev/copies-for'
const copiesForRole = 'knest.dev/copies-for-role'

/** Labels of the host nodes that take VMs; none where that is not known. */
export type VmHosts = Readonly<Record<string, string>>

const schedulable = { 'kubevirt.io/schedulable': 'true' }

/** KubeVirt says on each host node whether VMs can run there, and lets its launchers go nowhere else. */
export async function vmHosts(api: KubeApi, signal: AbortSignal): Promise<VmHosts> {
  const labelSelector = Object.entries(schedulable)
    .map(([name, value]) => `${name}=${value}`)
    .join(',')
  const nodes = await api.list(nodeKind, { labelSelector, signal }).catch(() => [])
  signal.throwIfAborted()
  return nodes.length === 0 ? {} : schedulable
}

interface Placement {
  /** Fields of the pod's spec. */
  readonly pod: Readonly<Record<string, unknown>>
  readonly resources: { readonly requests: Readonly<Record<string, string>> }
  /** Labels by which copies for one role keep apart. */
  readonly siblings: Readonly<Record<string, string>>
}

/** What a VM's template says of where it may run, and KubeVirt hands on to the pod of the VM. */
interface VmPlacement {
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly affinity?: Affinity
  readonly tolerations?: unknown
  readonly schedulerName?: string
  readonly priorityClassName?: string
  readonly topologySpreadConstraints?: unknown
  readonly domain?: {
    readonly memory?: { readonly guest?: string }
    readonly resources?: { readonly requests?: Readonly<Record<string, string>> }
  }
}

interface Affinity {
  readonly podAntiAffinity?: {
    readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly unknown[]
  }
}

/** Where a pod must run so that the VM, with its user's patches, can run there too. Pure. */
export function placementOf(vm: KubeObject, spec: NodeSpec, hosts: VmHosts): Placement {
  const template = vm.spec.template.spec as VmPlacement
  const { nodeSelector, affinity, domain, ...found } = template
  const { tolerations, schedulerName, priorityClassName, topologySpreadConstraints } = found
  const siblings = { [copiesFor]: spec.cluster.name, [copiesForRole]: spec.role }
  // All copies of a new cluster start before there is a VM to keep away from.
  const apart = {
    weight: 100,
    podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: siblings } },
  }
  const { podAntiAffinity } = affinity ?? {}
  const preferred = podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const memory = domain?.memory?.guest ?? spec.machine.memorySize
  return {
    pod: {
      nodeSelector: { ...hosts, ...nodeSelector },
      affinity: {
        ...affinity,
        podAntiAffinity: {
          ...podAntiAffinity,
          preferredDuringSchedulingIgnoredDuringExecution: [...preferred, apart],
        },
      },
      ...definedOf({ tolerations, schedulerName, priorityClassName, topologySpreadConstraints }),
    },
    resources: { requests: { memory, ...domain?.resources?.requests } },
    siblings,
  }
}

function definedOf(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
