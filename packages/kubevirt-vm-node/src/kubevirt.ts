import type { KindRef, KubeObject } from '@knest/core'

/** The few fields of KubeVirt's objects that knest reads, written by hand from its v1 API. */

export const vmKind: KindRef = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' }
export const vmiKind: KindRef = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' }
export const kubeVirtKind: KindRef = { apiVersion: 'kubevirt.io/v1', kind: 'KubeVirt' }
export const dataVolumeKind: KindRef = { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume' }

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

export interface VmStatus {
  /** In words for people: `Starting`, `Running`, `ErrorUnschedulable`, … */
  readonly printableStatus?: string
  readonly conditions?: readonly Condition[]
  readonly startFailure?: {
    readonly consecutiveFailCount?: number
    /** When KubeVirt starts it again. */
    readonly retryAfterTimestamp?: string
  }
}

export interface VmiStatus {
  readonly phase?: string
  readonly nodeName?: string
  readonly reason?: string
  readonly conditions?: readonly Condition[]
  readonly phaseTransitionTimestamps?: readonly {
    readonly phase?: string
    readonly phaseTransitionTimestamp?: string
  }[]
  readonly interfaces?: readonly { readonly name?: string; readonly ipAddress?: string }[]
}

export function vmStatus(vm: KubeObject | undefined): VmStatus {
  return (vm?.status ?? {}) as VmStatus
}

export function vmiStatus(vmi: KubeObject | undefined): VmiStatus {
  return (vmi?.status ?? {}) as VmiStatus
}

export function findCondition(
  { conditions }: { readonly conditions?: readonly Condition[] },
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type)
}

/** `Reason: message` of a condition that is False; undefined when it is not. */
export function faultText(condition: Condition | undefined): string | undefined {
  if (condition?.status !== 'False') return undefined
  return [condition.reason, condition.message].filter(Boolean).join(': ') || condition.type
}
