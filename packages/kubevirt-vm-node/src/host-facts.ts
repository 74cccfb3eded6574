import { KnestError, parseQuantity } from '@knest/core'
import type { KindRef, KubeApi, KubeObject } from '@knest/core'
import { kubeVirtKind } from './kubevirt.js'

/** What of the host decides whether and how VMs run there. */
export interface HostFacts {
  /** Undefined: there is no KubeVirt. */
  readonly kubeVirt: KubeVirtFacts | undefined
  /** Allocatable `devices.kubevirt.io/kvm` of all nodes; undefined when nodes cannot be read. */
  readonly kvmDevices: number | undefined
}

export interface KubeVirtFacts {
  readonly name: string
  readonly namespace: string
  /** `Deployed` when it works. */
  readonly phase: string
  readonly emulation: boolean
  readonly bridgePermitted: boolean
}

const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }

interface KubeVirtSpec {
  readonly configuration?: {
    readonly developerConfiguration?: { readonly useEmulation?: boolean }
    readonly network?: { readonly permitBridgeInterfaceOnPodNetwork?: boolean }
  }
}

/** Changes nothing. A user who may not read the KubeVirt object is told so by `not-permitted`. */
export async function hostFacts(api: KubeApi, signal: AbortSignal): Promise<HostFacts> {
  const [kubeVirt, nodes] = await Promise.all([
    readKubeVirt(api, signal),
    api.list(nodeKind, { signal }).catch(() => undefined),
  ])
  return { kubeVirt, kvmDevices: nodes?.reduce((sum, node) => sum + kvmOf(node), 0) }
}

/** There is at most one; undefined when there is none. */
export async function readKubeVirt(api: KubeApi, signal: AbortSignal): Promise<KubeVirtFacts | undefined> {
  const found = await api.list(kubeVirtKind, { signal }).catch((error: unknown) => {
    if (error instanceof KnestError && error.code === 'not-found') return []
    throw error
  })
  const object = found[0]
  if (object === undefined) return undefined
  const { configuration } = (object.spec ?? {}) as KubeVirtSpec
  return {
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? '',
    phase: (object.status as { phase?: string } | undefined)?.phase ?? 'unknown',
    emulation: configuration?.developerConfiguration?.useEmulation === true,
    // Absent means permitted (KubeVirt's DefaultPermitBridgeInterfaceOnPodNetwork).
    bridgePermitted: configuration?.network?.permitBridgeInterfaceOnPodNetwork !== false,
  }
}

function kvmOf(node: KubeObject): number {
  const status = node.status as { allocatable?: Readonly<Record<string, string>> } | undefined
  return parseQuantity(status?.allocatable?.['devices.kubevirt.io/kvm'] ?? '0')
}

/**
 * How many times longer everything takes in an emulated VM; 1 on hardware. Measured: SSH after 70 s instead
 * of 20, `kubeadm init` after 4.5 minutes instead of 1. Whoever may not look is taken to have hardware.
 */
export async function timeoutFactorOf(api: KubeApi, signal: AbortSignal): Promise<number> {
  const kubeVirt = await readKubeVirt(api, signal).catch(() => undefined)
  return kubeVirt?.emulation === true ? emulatedTimeoutFactor : 1
}

const emulatedTimeoutFactor = 4
