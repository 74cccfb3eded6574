import { createHash } from 'node:crypto'
import { labels, managedByKnest } from '@knest/core'
import type { HealAction, KindRef, KubeApi } from '@knest/core'
import { controllerName } from './names.js'

const eventKind: KindRef = { apiVersion: 'v1', kind: 'Event' }
/** The API refuses longer ones. */
const longestMessage = 1024

interface SeenEvent {
  readonly count?: number
}

/** What an Event is about. */
export interface Involved extends KindRef {
  readonly name: string
  readonly namespace: string
  readonly uid: string
}

/** Says on an object what was done. What was said before is counted, as kubectl shows it. */
export async function recordAction(
  api: KubeApi,
  { apiVersion, kind, name: object, namespace, uid }: Involved,
  { type, reason, message }: HealAction,
  signal: AbortSignal,
): Promise<void> {
  const text = message.slice(0, longestMessage)
  const id = createHash('sha256')
    // Earlier versions gave their Events no label: those are not to be changed.
    .update(`labelled ${uid} ${type} ${reason} ${text}`)
    .digest('hex')
    .slice(0, 16)
  const name = `${object}.${id}`
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const seen = (await api.get(eventKind, name, namespace, signal)) as SeenEvent | undefined
  if (seen !== undefined) {
    const patch = { count: (seen.count ?? 1) + 1, lastTimestamp: now }
    await api.patch(eventKind, name, namespace, patch, { signal })
    return
  }
  await api.create(
    {
      ...eventKind,
      metadata: { name, namespace, labels: { [labels.managedBy]: managedByKnest } },
      involvedObject: { apiVersion, kind, name: object, namespace, uid },
      type,
      reason,
      message: text,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: controllerName },
      reportingComponent: controllerName,
    },
    { signal },
  )
}
