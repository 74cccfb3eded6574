import type { KubeObject } from '../contracts/kubernetes.js'

/** The container that is the node: of a node pod, and of KubeVirt's pod around a VM. */
const nodeContainers = ['node', 'compute']

export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly restartCount: number
  readonly state?: ContainerState
  readonly lastState?: ContainerState
}

export interface ContainerState {
  readonly running?: { readonly startedAt?: string }
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly terminated?: Terminated
}

interface Terminated {
  readonly reason?: string
  readonly exitCode: number
  readonly message?: string
  readonly finishedAt?: string
}

interface PodView {
  readonly status?: {
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

/** What the host says of the container that is the node, wherever others have put theirs. */
export function nodeContainer(pod: KubeObject): ContainerStatus | undefined {
  const { status } = pod as unknown as PodView
  return status?.containerStatuses?.find(({ name }) => nodeContainers.includes(name))
}

/** The containers that others have added to a node's pod, those first that the node waits for. */
export function containersBeside(
  pod: KubeObject,
): readonly (ContainerStatus & { readonly isBefore: boolean })[] {
  const { status } = pod as unknown as PodView
  return [
    ...(status?.initContainerStatuses ?? []).map((one) => ({ ...one, isBefore: true })),
    ...(status?.containerStatuses ?? [])
      .filter(({ name }) => !nodeContainers.includes(name))
      .map((one) => ({ ...one, isBefore: false })),
  ]
}
