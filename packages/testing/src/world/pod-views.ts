import type { KubeObject } from '@knest/core'

interface ContainerView {
  readonly name: string
  readonly image: string
  readonly env?: readonly { readonly name: string; readonly value: string }[]
}

interface StatusView {
  readonly phase?: string
  readonly podIP?: string
  readonly containerStatuses?: readonly {
    readonly ready: boolean
    readonly restartCount: number
    readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } }
  }[]
}

export function statusOf(pod: KubeObject): StatusView {
  return (pod.status ?? {}) as StatusView
}

export function containerOf(pod: KubeObject | undefined): ContainerView | undefined {
  return (pod?.spec as { containers?: readonly ContainerView[] } | undefined)?.containers?.[0]
}

export function hostNodeOf(pod: KubeObject | undefined): string | undefined {
  return (pod?.spec as { nodeName?: string } | undefined)?.nodeName
}

/** The pod in which KubeVirt runs a VM. */
export function isLauncher({ metadata }: KubeObject): boolean {
  return metadata.labels?.['kubevirt.io'] === 'virt-launcher'
}

export function hasEnded(pod: KubeObject): boolean {
  return ['Succeeded', 'Failed'].includes(statusOf(pod).phase ?? '')
}
