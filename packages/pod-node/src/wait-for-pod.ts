import { KnestError, labels } from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject } from '@knest/core'
import { podName } from './manifest.js'
import { warningsOf, type ExplainEvent } from './pod-events.js'
import { podState } from './pod-state.js'

const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
const eventKind: KindRef = { apiVersion: 'v1', kind: 'Event' }
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
): Promise<void> {
  const ended = new AbortController()
  const both = AbortSignal.any([signal, ended.signal])
  try {
    await Promise.race([running(api, cluster, node, both), refused(api, cluster, node, both)])
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'timeout' || signal.aborted) throw error
    throw await withWarning(error, api, cluster, node, explain, signal)
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

async function withWarning(
  timeout: KnestError,
  api: KubeApi,
  { namespace }: ClusterRef,
  node: string,
  explain: ExplainEvent,
  signal: AbortSignal,
): Promise<KnestError> {
  const pod = await api.get(podKind, podName(node), namespace, signal)
  const warnings = await warningsOf(api, namespace, pod === undefined ? [] : [pod], explain, signal)
  const [warning] = warnings.values()
  if (warning === undefined) return timeout
  return new KnestError('timeout', `${timeout.message}: ${warning}`, { hint: timeout.hint, cause: timeout })
}

async function running(
  api: KubeApi,
  { namespace }: ClusterRef,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const settled = (pods: readonly KubeObject[]): boolean =>
    pods.some((pod) => {
      const { phase, hopeless } = podState(pod)
      return phase === 'running' || hopeless
    })
  const pods = await api.waitFor(podKind, { namespace, labelSelector: `${labels.node}=${node}` }, settled, {
    timeoutMs,
    signal,
    awaited: `pod "${podName(node)}" in namespace "${namespace}" to run`,
    describe: (seen) => seen.map((pod) => podState(pod).reason ?? 'running').join(', ') || 'no pod yet',
  })
  const stuck = pods.map(podState).find(({ hopeless }) => hopeless)
  if (stuck !== undefined) {
    throw new KnestError('prerequisite', `node "${node}" cannot start: ${stuck.reason ?? 'unknown reason'}`, {
      hint: 'make the node image available to the host (embedded host: knest host load IMAGE) or choose another with --image',
    })
  }
}

/** A host that refuses the pod (admission, quota) says so only in an event of the StatefulSet. */
async function refused(
  api: KubeApi,
  { namespace }: ClusterRef,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const since = Date.now()
  const isNew = (event: KubeObject): boolean => Date.parse(String(event.lastTimestamp ?? '')) >= since - 1000
  const events = await api.waitFor(
    eventKind,
    {
      namespace,
      fieldSelector: `involvedObject.kind=StatefulSet,involvedObject.name=${node},reason=FailedCreate`,
    },
    (found) => found.some(isNew),
    { timeoutMs: timeoutMs + 10_000, signal, awaited: 'a refusal', describe: () => 'none' },
  )
  const message = String(events.find(isNew)?.message ?? '')
  throw new KnestError('not-permitted', `the host refuses the pod of node "${node}": ${message}`, {
    hint: `allow privileged pods in namespace "${namespace}" (label pod-security.kubernetes.io/enforce=privileged, or an exception in the admission policy)`,
  })
}
