import type { KubeApi, KubeObject } from 'knest'
import { openKube } from 'knest/kube'
import { hostContext } from './home.js'

const within = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(10_000) })
const recentMs = 5 * 60_000

/** What the host was doing: recent warnings, and pods that do not run. Never fails. */
export async function hostReport(): Promise<string> {
  try {
    return await lookAtHost()
  } catch (error) {
    return `the host tells nothing: ${String(error)}`
  }
}

async function lookAtHost(): Promise<string> {
  const api = await openKube({ context: hostContext })
  try {
    const [events, pods] = await Promise.all([warnings(api), troubledPods(api)])
    return [...events, ...pods].join('\n') || 'no warning, and every pod runs'
  } finally {
    api.close()
  }
}

interface Event extends KubeObject {
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly involvedObject?: { readonly kind?: string; readonly namespace?: string; readonly name?: string }
}

async function warnings(api: KubeApi): Promise<readonly string[]> {
  const events: readonly Event[] = await api.list({ apiVersion: 'v1', kind: 'Event' }, within())
  const time = ({ lastTimestamp, eventTime, metadata }: Event): string =>
    lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? ''
  return events
    .filter((event) => event.type === 'Warning' && Date.parse(time(event)) > Date.now() - recentMs)
    .sort((a, b) => time(a).localeCompare(time(b)))
    .slice(-40)
    .map((event) => {
      const { kind = '', namespace = '', name = '' } = event.involvedObject ?? {}
      return `${time(event)} ${kind} ${namespace}/${name}: ${event.reason ?? ''}: ${event.message ?? ''}`
    })
}

/** What does not run, and the last words of what looks after volumes. */
async function troubledPods(api: KubeApi): Promise<readonly string[]> {
  const pods = await api.list({ apiVersion: 'v1', kind: 'Pod' }, within())
  const phase = (pod: KubeObject): string =>
    (pod.status as { phase?: string } | undefined)?.phase ?? 'unknown'
  const lines = pods.map(async (pod) => {
    const { name, namespace = '', deletionTimestamp } = pod.metadata
    const isFine = ['Running', 'Succeeded'].includes(phase(pod)) && deletionTimestamp === undefined
    if (isFine && namespace !== 'local-path-storage') return []
    const { body } = await api.raw(
      `/api/v1/namespaces/${namespace}/pods/${name}/log?tailLines=15`,
      within().signal,
    )
    return [
      `pod ${namespace}/${name}: ${phase(pod)}${deletionTimestamp === undefined ? '' : ', being deleted'}`,
      body,
    ]
  })
  return (await Promise.all(lines)).flat()
}
