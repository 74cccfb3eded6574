import { anySignal, KnestError, kubectlCommand, labels } from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject } from '@knest/core'
import { podName } from './manifest.js'
import { innermost, PullPatience, stuckHint, stuckIn, waitingOf } from './pod-waits.js'
import { warningsOf, type ExplainEvent } from './pod-events.js'
import { podState } from './pod-state.js'
import { refused } from './refused.js'

const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
const timeoutMs = 300_000

/**
 * Resolves when the node's container runs; rejects at once when waiting longer cannot help. A wait that took
 * too long tells what the pod's events say, for an address that is not free with what to do.
 */
export async function waitForPod(
  api: KubeApi,
  cluster: ClusterRef,
  node: string,
  explain: ExplainEvent,
  signal: AbortSignal,
  note: (text: string) => void = () => undefined,
): Promise<void> {
  const ended = new AbortController()
  const both = anySignal(signal, ended.signal)
  let refusal: string | undefined
  const onRefusal = (message: string): void => {
    refusal = message
    note(`the host has not made the pod of node "${node}" yet: ${message}`)
  }
  try {
    await Promise.race([
      running(api, cluster, node, note, both),
      refused(api, cluster, node, onRefusal, both),
    ])
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'timeout' || signal.aborted) throw error
    throw await withWarning(error, { api, cluster, node, explain, refusal }, signal)
  } finally {
    ended.abort()
  }
}

/** Resolves when the host has chosen where the node's new pod runs. */
export async function waitForScheduled(
  api: KubeApi,
  { namespace }: ClusterRef,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  // One that is being deleted takes commands, too.
  const isScheduled = (pod: KubeObject): boolean => {
    const { phase, hostNode } = podState(pod)
    return phase !== 'deleting' && hostNode !== undefined
  }
  await api.waitFor(
    podKind,
    { namespace, labelSelector: `${labels.node}=${node}` },
    (pods) => pods.some(isScheduled),
    {
      timeoutMs: timeoutMs + 10_000,
      signal,
      awaited: `pod "${podName(node)}" in namespace "${namespace}" to be scheduled`,
      describe: (seen) => seen.map((pod) => podState(pod).reason ?? 'running').join(', ') || 'no pod yet',
    },
  )
}

interface Wait {
  readonly api: KubeApi
  readonly cluster: ClusterRef
  readonly node: string
  readonly explain: ExplainEvent
  /** Why the host did not make the pod when it tried last. */
  readonly refusal: string | undefined
}

async function withWarning(
  timeout: KnestError,
  { api, cluster: { namespace }, node, explain, refusal }: Wait,
  signal: AbortSignal,
): Promise<KnestError> {
  const pod = await api.get(podKind, podName(node), namespace, signal)
  const warnings = await warningsOf(api, namespace, pod === undefined ? [] : [pod], explain, signal)
  const [warning] = pod === undefined ? [refusal] : warnings.values()
  const isKnown = pod !== undefined && waitingOf(pod) !== undefined
  const hint = isKnown ? stuckHint(pod, namespace) : timeout.hint
  // The scheduler says the same in the pod's status and in an event.
  const isNews = warning !== undefined && !timeout.message.includes(innermost(warning))
  const message = isNews ? `${timeout.message}: ${warning}` : timeout.message
  return new KnestError('timeout', message, { hint, cause: timeout })
}

async function running(
  api: KubeApi,
  { namespace }: ClusterRef,
  node: string,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const patience = new PullPatience()
  const told = new Set<string>()
  let stuck: KubeObject | undefined
  const settled = (pods: readonly KubeObject[]): boolean => {
    for (const text of pods.flatMap((pod) => waitingOf(pod) ?? [])) {
      if (!told.has(innermost(text))) note(`pod "${podName(node)}" waits: ${text}`)
      told.add(innermost(text))
    }
    patience.see(pods)
    stuck = pods.find(stuckIn)
    return (
      stuck !== undefined ||
      pods.some((pod) => {
        const { phase, refusal } = podState(pod)
        return phase === 'running' || refusal !== undefined
      })
    )
  }
  const wait = api.waitFor(podKind, { namespace, labelSelector: `${labels.node}=${node}` }, settled, {
    timeoutMs,
    signal: patience.signalWithin(signal),
    awaited: `pod "${podName(node)}" in namespace "${namespace}" to run`,
    describe: (seen) => seen.map((pod) => podState(pod).reason ?? 'running').join(', ') || 'no pod yet',
  })
  try {
    const pods = await Promise.race([wait, patience.over])
    const refusal = pods.map((pod) => podState(pod).refusal).find((text) => text !== undefined)
    if (refusal !== undefined) throw cannotStart(namespace, node, refusal)
    stuck ??= pods.find((pod) => podState(pod).pull !== undefined)
    if (stuck === undefined) return
    const { reason = 'unknown reason' } = podState(stuck)
    throw new KnestError('prerequisite', `node "${node}" cannot start: ${reason}`, {
      hint: stuckHint(stuck, namespace),
    })
  } finally {
    patience.end()
    // The other of the two was ended.
    wait.catch(() => undefined)
  }
}

/** What the node's init said before it ended, if it does so within seconds: a host tells it late. */
export async function refusalOf(
  api: KubeApi,
  { namespace }: ClusterRef,
  node: string,
  signal: AbortSignal,
): Promise<KnestError | undefined> {
  const refusalIn = (pods: readonly KubeObject[]): string | undefined =>
    pods.map((pod) => podState(pod).refusal).find((text) => text !== undefined)
  try {
    const pods = await api.waitFor(
      podKind,
      { namespace, labelSelector: `${labels.node}=${node}` },
      (seen) => refusalIn(seen) !== undefined,
      { timeoutMs: 5_000, signal, awaited: 'a refusal', describe: () => 'none' },
    )
    return cannotStart(namespace, node, refusalIn(pods) ?? '')
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

function cannotStart(namespace: string, node: string, refusal: string): KnestError {
  return new KnestError('prerequisite', `node "${node}" cannot start: ${refusal}`, {
    hint: `see: ${kubectlCommand('logs', '-n', namespace, podName(node))}`,
  })
}
