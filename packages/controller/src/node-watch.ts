import { anySignal, onAbort } from '@knest/core'
import type { Clusters, ClusterRef, KubeApi, KubeObject } from '@knest/core'

const nodeKind = { apiVersion: 'v1', kind: 'Node' }
/** Twice as long each time. What came last of a cluster, as the binding that lets us look, comes without an event. */
const firstAgainMs = 250
const longestAgainMs = 10_000
const dayMs = 24 * 60 * 60_000

export interface NodeWatch {
  /** Where the API did not answer it is asked again at once: something has changed. */
  askAgain(): void
  close(): void
}

type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>
type Rest = (signal: AbortSignal) => Promise<void>
type Beside = (api: KubeApi, signal: AbortSignal) => Promise<void>

/**
 * Calls back when the readiness of a cluster's Node objects changes, until closed. `beside` is begun with each API that
 * is opened, and ends with its signal when that is away; it never rejects.
 */
export function watchNodes(
  clusters: Clusters,
  ref: ClusterRef,
  onChange: () => void,
  pause: Pause,
  beside: Beside = () => Promise.resolve(),
): NodeWatch {
  const ended = new AbortController()
  let rest: AbortController | undefined
  let isAskedAgain = false
  let againMs = firstAgainMs
  const unlessAsked: Rest = async (signal) => {
    rest = new AbortController()
    if (!isAskedAgain) await pause(againMs, anySignal(signal, rest.signal)).catch(() => undefined)
    againMs = isAskedAgain ? firstAgainMs : Math.min(againMs * 2, longestAgainMs)
    isAskedAgain = false
  }
  void follow(clusters, ref, onChange, unlessAsked, beside, ended.signal)
  return {
    askAgain: () => {
      isAskedAgain = true
      rest?.abort()
    },
    close: () => ended.abort(),
  }
}

async function follow(
  clusters: Clusters,
  ref: ClusterRef,
  onChange: () => void,
  rest: Rest,
  beside: Beside,
  signal: AbortSignal,
): Promise<void> {
  let last: string | undefined
  let wasAway = false
  const isNews = (nodes: readonly KubeObject[]): false => {
    const now = readiness(nodes)
    if (wasAway || (last !== undefined && now !== last)) onChange()
    wasAway = false
    last = now
    return false
  }
  const isOver = (): boolean => signal.aborted
  while (!isOver()) {
    try {
      const api = await clusters.openApi(ref, signal)
      const away = new AbortController()
      const forget = onAbort(signal, (error) => away.abort(error))
      const besides = beside(api, away.signal)
      try {
        await api.waitFor(nodeKind, {}, isNews, {
          timeoutMs: dayMs,
          signal,
          awaited: 'nodes to change',
          describe: () => '',
        })
      } finally {
        forget()
        away.abort()
        await besides
        api.close()
      }
    } catch {
      // It answered, and does no more.
      if (!isOver() && last !== undefined) {
        onChange()
        wasAway = true
      }
      last = undefined
    }
    await rest(signal)
  }
}

function readiness(nodes: readonly KubeObject[]): string {
  const states = nodes.map(({ metadata, status }) => {
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] }
    return `${metadata.name}=${conditions.find(({ type }) => type === 'Ready')?.status ?? ''}`
  })
  return states.sort().join()
}
