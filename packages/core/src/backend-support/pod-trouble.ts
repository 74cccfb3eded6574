import type { KubeObject } from '../contracts/kubernetes.js'

interface ContainerStatus {
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly terminated?: { readonly exitCode?: number; readonly message?: string }
  }
}

interface PodView {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly message?: string
    }[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

const onItsWay = ['ContainerCreating', 'PodInitializing']

/** Why a pod does not get on, in the host's words; empty when it does. */
export function podTrouble(pod: KubeObject): string {
  const { status } = pod as unknown as PodView
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const reasons = containers.map(({ state }) => {
    const { reason, message } = state?.waiting ?? {}
    if (reason !== undefined && !onItsWay.includes(reason))
      return [reason, message].filter(Boolean).join(': ')
    return (state?.terminated?.exitCode ?? 0) === 0 ? undefined : (state?.terminated?.message ?? '').trim()
  })
  const unscheduled = status?.conditions?.find((one) => one.type === 'PodScheduled' && one.status === 'False')
  return [unscheduled?.message, ...reasons].filter(Boolean).join('; ')
}
