import { labels, nodeContainer } from '@knest/core'
import type { KubeObject } from '@knest/core'
import type { WorkQueue } from './work-queue.js'

/** Wakes the clusters of pods whose state changed. */
export function wakeByNode(queue: Pick<WorkQueue, 'add'>): (pods: readonly KubeObject[]) => void {
  let last = new Map<string, string>()
  return (pods) => {
    const now = new Map(pods.map((pod) => [pod.metadata.uid ?? '', stateOf(pod)]))
    for (const pod of pods) {
      const uid = pod.metadata.uid ?? ''
      if (last.get(uid) !== now.get(uid)) queue.add(clusterOf(pod))
    }
    for (const [uid, state] of last) if (!now.has(uid)) queue.add(state.split(' ')[0] ?? '')
    last = now
  }
}

function clusterOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.labels?.[labels.cluster] ?? ''}`
}

function stateOf(pod: KubeObject): string {
  const { phase } = (pod.status ?? {}) as { phase?: string }
  const container = nodeContainer(pod)
  return [
    clusterOf(pod),
    phase,
    container?.ready,
    container?.restartCount,
    pod.metadata.deletionTimestamp,
  ].join(' ')
}
