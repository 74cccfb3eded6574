import { containersBeside, nodeContainer, pullFailure } from '@knest/core'
import type { ContainerState, ContainerStatus, KubeObject, NodeStatus, PullFailure } from '@knest/core'

interface PodView {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly spec?: { readonly nodeName?: string }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly reason?: string
    readonly message?: string
    readonly conditions?: readonly PodCondition[]
  }
}

interface PodCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
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
  /** What of it is an image that could not be pulled, its own or one that it waits for. */
  readonly pull: PullFailure | undefined
  /** The container of others that the reason is about. */
  readonly foreign: string | undefined
  /** Why the node itself has ended and cannot start, in its init's words. */
  readonly refusal: string | undefined
  /** Its status does not say why it does not run, but its events may. */
  readonly untold: boolean
  /** Trouble that does not keep it from running: of containers that others added, and what ended it before. */
  readonly trouble: string | undefined
}

/** What waiting does not cure, besides images. */
const hopelessReasons = new Set(['CreateContainerConfigError'])
const onItsWay = new Set(['ContainerCreating', 'PodInitializing'])

/** What a node's pod says of itself, in the host's words. `own` is its container, where it is not a node's. */
export function podState(pod: KubeObject, own = nodeContainer(pod)): PodState {
  const { metadata, spec, status } = pod as unknown as PodView
  const common = {
    ip: status?.podIP,
    hostNode: spec?.nodeName,
    ready: own?.ready ?? false,
    hopeless: false,
    pull: undefined,
    foreign: undefined,
    refusal: undefined,
    untold: false,
    trouble: troubleOf(pod, own),
  }
  if (metadata.deletionTimestamp !== undefined) {
    return { ...common, phase: 'deleting', ready: false, reason: 'pod is being deleted' }
  }
  if (status?.phase === 'Failed') {
    const said = [status.reason, status.message?.trim()].filter(Boolean)
    const reason = said.length > 0 ? said.join(': ') : (terminatedText(own?.state) ?? 'pod failed')
    return { ...common, phase: 'failed', ready: false, reason }
  }
  if (own?.state?.running !== undefined) {
    return { ...common, phase: 'running', reason: undefined, startedAt: own.state.running.startedAt }
  }
  return { ...common, phase: 'pending', ...whyPending(pod, own) }
}

/** Why it waits: the node's own word, then of its container, then of those that it waits for. */
function whyPending(
  pod: KubeObject,
  own: ContainerStatus | undefined,
): Pick<PodState, 'reason' | 'refusal' | 'hopeless' | 'untold' | 'pull' | 'foreign'> {
  const { status } = pod as unknown as PodView
  const { waiting, terminated } = own?.state ?? {}
  const said = (terminated ?? own?.lastState?.terminated)?.message?.trim()
  const refusal = said === '' ? undefined : said
  const isWaitingForOthers = waiting === undefined || onItsWay.has(waiting.reason ?? '')
  const before = isWaitingForOthers
    ? containersBeside(pod).find((one) => one.isBefore && isSick(one))
    : undefined
  if (refusal === undefined && before !== undefined) {
    return {
      reason: besideText(before),
      refusal,
      untold: false,
      foreign: before.name,
      ...waitingVerdict(before.state),
    }
  }
  const told = terminatedText(own?.state) ?? unscheduledText(status?.conditions)
  return {
    reason: refusal ?? waitingText(waiting) ?? told ?? status?.phase,
    refusal,
    foreign: undefined,
    untold:
      refusal === undefined && (waiting === undefined ? told === undefined : waiting.message === undefined),
    ...waitingVerdict(own?.state),
  }
}

function waitingVerdict(state: ContainerState | undefined): Pick<PodState, 'hopeless' | 'pull'> {
  const { reason, message } = state?.waiting ?? {}
  const pull = pullFailure(reason, message)
  return { pull, hopeless: pull === 'lasting' || hopelessReasons.has(reason ?? '') }
}

function waitingText(waiting: ContainerState['waiting']): string | undefined {
  if (waiting === undefined) return undefined
  return [waiting.reason, waiting.message].filter(Boolean).join(': ')
}

function terminatedText(state: ContainerState | undefined): string | undefined {
  const ended = state?.terminated
  return ended === undefined ? undefined : `${ended.reason ?? 'ended'} with exit code ${ended.exitCode}`
}

function unscheduledText(conditions: readonly PodCondition[] | undefined): string | undefined {
  const scheduled = conditions?.find(({ type }) => type === 'PodScheduled')
  return scheduled?.status === 'False'
    ? `${scheduled.reason ?? 'not scheduled'}: ${scheduled.message ?? ''}`
    : undefined
}

/** A container that neither runs nor has done its work. */
function isSick({ state }: ContainerStatus): boolean {
  if (state?.waiting !== undefined) return !onItsWay.has(state.waiting.reason ?? '')
  return state?.terminated !== undefined && state.terminated.exitCode !== 0
}

function besideText({ name, state, lastState }: ContainerStatus): string {
  const ended = lastState?.terminated
  const last =
    state?.waiting !== undefined && ended !== undefined ? ` (${terminatedText(lastState) ?? ''})` : ''
  return `container "${name}", which knest did not make: ${waitingText(state?.waiting) ?? terminatedText(state) ?? 'not ready'}${last}`
}

function troubleOf(pod: KubeObject, own: ContainerStatus | undefined): string | undefined {
  const sick = containersBeside(pod).filter(
    (one) => one.name !== own?.name && (isSick(one) || isUnready(one)),
  )
  const last = own?.lastState?.terminated
  const killed =
    last?.reason === 'OOMKilled'
      ? [
          `it was started again after it had used more memory than its limit (OOMKilled${last.finishedAt === undefined ? '' : ` at ${last.finishedAt}`})`,
        ]
      : []
  const texts = [...killed, ...sick.map(besideText)]
  return texts.length === 0 ? undefined : texts.join('; ')
}

/** It runs and says itself that it is not well. One before the node has ended when its work is done. */
function isUnready({ isBefore, ready, state }: ContainerStatus & { readonly isBefore: boolean }): boolean {
  return !isBefore && state?.running !== undefined && !ready
}
