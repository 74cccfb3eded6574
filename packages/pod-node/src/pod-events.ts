import { KnestError } from '@knest/core'
import type { KindRef, KubeApi, KubeObject } from '@knest/core'

/** What an event means, in plain words with what to do; undefined when it is not one it knows. */
export type ExplainEvent = (event: string) => Promise<string | undefined>

const eventKind: KindRef = { apiVersion: 'v1', kind: 'Event' }

/**
 * Why pods that wait do not start, by pod name, as their latest warning says it. A pod without one is left
 * out, and so are all when events cannot be read: they only ever add to what is known.
 */
export async function warningsOf(
  api: KubeApi,
  namespace: string,
  pods: readonly KubeObject[],
  explain: ExplainEvent,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  if (pods.length === 0) return new Map()
  const [only] = pods.length === 1 ? pods : []
  const ofOne = only === undefined ? '' : `,involvedObject.name=${only.metadata.name}`
  const fieldSelector = `involvedObject.kind=Pod,type=Warning${ofOne}`
  const events = await api.list(eventKind, { namespace, fieldSelector, signal }).catch(() => {
    signal.throwIfAborted()
    return []
  })
  const found = pods.map(async ({ metadata }): Promise<readonly [string, string | undefined]> => {
    // A pod that came before had the same name.
    const own = events.filter((event) => event.involvedObject?.uid === metadata.uid)
    return [metadata.name, await saidBy(own, explain)]
  })
  const warnings = await Promise.all(found)
  return new Map(warnings.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])))
}

/** Reasons of events that tell why a pod is no more. */
const ends = new Set([
  'Evicted',
  'Preempted',
  'OOMKilling',
  'TaintManagerEviction',
  'NodeShutdown',
  'Terminated',
])

/** Why the last pod of this name ended that is not there any more; undefined when no event tells. */
export async function lastEnd(
  api: KubeApi,
  namespace: string,
  pod: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${pod}`
  try {
    const [events, present] = await Promise.all([
      api.list(eventKind, { namespace, fieldSelector, signal }),
      api.get({ apiVersion: 'v1', kind: 'Pod' }, pod, namespace, signal),
    ])
    const [latest] = events
      .filter(
        ({ reason, involvedObject }) =>
          ends.has(String(reason)) && involvedObject?.uid !== present?.metadata.uid,
      )
      .sort((a, b) => timeOf(b) - timeOf(a))
    return latest === undefined ? undefined : textOf(latest).trim()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError) return undefined
    throw error
  }
}

/** The latest event that can be explained, else the latest. */
async function saidBy(events: readonly KubeObject[], explain: ExplainEvent): Promise<string | undefined> {
  const latest = [...events].sort((a, b) => timeOf(b) - timeOf(a)).map(textOf)
  for (const text of latest) {
    const explanation = await explain(text)
    if (explanation !== undefined) return explanation
  }
  return latest[0]
}

function timeOf({ metadata, lastTimestamp, eventTime, series }: KubeObject): number {
  const { lastObservedTime } = (series ?? {}) as { lastObservedTime?: string }
  const time = lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp
  return Date.parse(String(time))
}

function textOf({ reason, message }: KubeObject): string {
  return `${String(reason)}: ${String(message)}`
}
