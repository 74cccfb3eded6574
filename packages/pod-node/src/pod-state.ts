import type { KubeObject, NodeStatus } from '@knest/core'

interface PodView {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly spec?: { readonly nodeName?: string }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly reason?: string
    readonly message?: string
    readonly conditions?: readonly PodCondition[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

interface PodCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

interface ContainerStatus {
  readonly ready: boolean
  readonly restartCount: number
  readonly state?: {
    readonly running?: { readonly startedAt?: string }
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly terminated?: Terminated
  }
  readonly lastState?: { readonly terminated?: Terminated }
}

interface Terminated {
  readonly reason?: string
  readonly exitCode: number
  readonly message?: string
}

export interface PodState {
  readonly phase: NodeStatus['phase']
  readonly ready: boolean
  readonly ip: string | undefined
  readonly hostNode: string | undefined
  readonly reason: string | undefined
  readonly startedAt?: string | undefined
  /** Waiting longer will not help. */
  readonly hopeless: boolean
  /** Why the node itself has ended and cannot start, in its init's words. */
  readonly refusal: string | undefined
  /** Its status does not say why it does not run, but its events may. */
  readonly untold: boolean
}

// ErrImagePull is tried again by the host, but a node image is on the host or it is not.
const hopelessReasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
])

/** What a node's pod says of itself, in the host's words. */
export function podState(pod: KubeObject): PodState {
  const { metadata, spec, status } = pod as unknown as PodView
  const container = status?.containerStatuses?.[0]
  const common = {
    ip: status?.podIP,
    hostNode: spec?.nodeName,
    ready: container?.ready ?? false,
    hopeless: false,
    refusal: undefined,
    untold: false,
  }
  if (metadata.deletionTimestamp !== undefined) {
    return { ...common, phase: 'deleting', ready: false, reason: 'pod is being deleted' }
  }
  if (container?.state?.running !== undefined) {
    return { ...common, phase: 'running', reason: undefined, startedAt: container.state.running.startedAt }
  }
  if (status?.phase === 'Failed') {
    const reason = [status.reason, status.message].filter(Boolean).join(': ')
    return { ...common, phase: 'failed', reason: reason || 'pod failed' }
  }
  const waiting = container?.state?.waiting
  const terminated = container?.state?.terminated
  const told = terminatedText(terminated) ?? unscheduledText(status?.conditions)
  const said = (terminated ?? container?.lastState?.terminated)?.message?.trim()
  const refusal = said === '' ? undefined : said
  return {
    ...common,
    phase: 'pending',
    reason: refusal ?? waitingText(waiting) ?? told ?? status?.phase,
    refusal,
    hopeless: hopelessReasons.has(waiting?.reason ?? ''),
    untold:
      refusal === undefined && (waiting === undefined ? told === undefined : waiting.message === undefined),
  }
}

function waitingText(waiting: { reason?: string; message?: string } | undefined): string | undefined {
  if (waiting === undefined) return undefined
  return [waiting.reason, waiting.message].filter(Boolean).join(': ')
}

function terminatedText(ended: Terminated | undefined): string | undefined {
  return ended === undefined ? undefined : `${ended.reason ?? 'ended'} with exit code ${ended.exitCode}`
}

function unscheduledText(conditions: readonly PodCondition[] | undefined): string | undefined {
  const scheduled = conditions?.find(({ type }) => type === 'PodScheduled')
  return scheduled?.status === 'False'
    ? `${scheduled.reason ?? 'not scheduled'}: ${scheduled.message ?? ''}`
    : undefined
}
