import { pullFailure, type ContainerStatus } from '../backend-support/index.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'

/** What keeps a pod from running that the cluster itself needs: of its control plane, its network, its DNS. */
export interface SystemTrouble {
  /** `image`: it cannot be pulled. `memory`: it was killed for want of it. `crash`: it ends for reasons of its own. */
  readonly kind: 'image' | 'memory' | 'crash'
  /** What happened to which object, in the kubelet's words. */
  readonly message: string
  /** One of the pods. */
  readonly pod: { readonly namespace: string; readonly name: string; readonly container: string }
}

const podKind = { apiVersion: 'v1', kind: 'Pod' }
const daemonSetKind = { apiVersion: 'apps/v1', kind: 'DaemonSet' }
const system = 'kube-system'
/** What has come up again since is no trouble any more. */
const recentMs = 60 * 60_000

/**
 * Asks for the pods of `kube-system`, and of each namespace with a DaemonSet that is not available on all nodes: that
 * is where networks are.
 */
export async function askSystemTroubles(
  api: Pick<KubeApi, 'list'>,
  signal: AbortSignal,
): Promise<readonly SystemTrouble[]> {
  const sets = await api.list(daemonSetKind, { signal })
  const namespaces = new Set([
    system,
    ...sets.filter(isShort).map(({ metadata }) => metadata.namespace ?? ''),
  ])
  const pods = await Promise.all([...namespaces].map((namespace) => api.list(podKind, { namespace, signal })))
  return systemTroubles(pods.flat(), new Date())
}

function isShort({ status }: KubeObject): boolean {
  const { desiredNumberScheduled = 0, numberReady = 0 } = (status ?? {}) as {
    desiredNumberScheduled?: number
    numberReady?: number
  }
  return numberReady < desiredNumberScheduled
}

interface PodView {
  readonly spec?: {
    readonly nodeName?: string
    readonly containers?: readonly { readonly name: string; readonly image?: string }[]
    readonly initContainers?: readonly { readonly name: string; readonly image?: string }[]
  }
  readonly status?: {
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

/** One trouble for all pods of an owner that have the same. Pure. */
function systemTroubles(pods: readonly KubeObject[], now: Date): readonly SystemTrouble[] {
  const found = pods.flatMap((pod) => troublesOf(pod, now))
  const firsts = new Map([...found].reverse().map((each) => [each.key, each]))
  return [...firsts.values()].reverse().map(({ key, kind, who, said, pod }) => {
    const nodes = new Set(found.flatMap((each) => (each.key === key ? [`"${each.node}"`] : [])))
    return { kind, pod, message: `${who} on ${[...nodes].join(', ')} ${said}` }
  })
}

interface Found {
  readonly key: string
  readonly kind: SystemTrouble['kind']
  readonly who: string
  readonly said: string
  readonly node: string
  readonly pod: SystemTrouble['pod']
}

function troublesOf(pod: KubeObject, now: Date): readonly Found[] {
  const { spec, status } = pod as unknown as PodView
  const { name, namespace = '', ownerReferences } = pod.metadata
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  return statuses.flatMap((container) => {
    const image = containers.find((each) => each.name === container.name)?.image ?? ''
    const trouble = troubleOf(container, image, now)
    if (trouble === undefined) return []
    const [owner] = ownerReferences ?? []
    const who =
      owner === undefined || owner.kind === 'Node'
        ? `"${container.name}"`
        : `"${container.name}" of ${owner.kind} "${owner.name}" in namespace "${namespace}"`
    const key = [trouble.kind, who, trouble.kind === 'image' ? image : trouble.said].join(' ')
    const node = spec?.nodeName ?? 'no node'
    return [{ ...trouble, who, key, node, pod: { namespace, name, container: container.name } }]
  })
}

function troubleOf(
  { ready, state, lastState }: ContainerStatus,
  image: string,
  now: Date,
): Pick<Found, 'kind' | 'said'> | undefined {
  const { reason, message = '' } = state?.waiting ?? {}
  if (pullFailure(reason, message) !== undefined)
    return { kind: 'image', said: `has no image "${image}": ${[reason, oneLine(message)].join(': ')}` }
  const ended = state?.terminated ?? lastState?.terminated
  if (ended === undefined) return undefined
  const isOver = ready && now.getTime() - Date.parse(ended.finishedAt ?? '') > recentMs
  if (ended.reason === 'OOMKilled' && !isOver) {
    const at = ended.finishedAt === undefined ? '' : ` at ${ended.finishedAt}`
    return { kind: 'memory', said: `was killed${at}: it used more memory than it may (OOMKilled)` }
  }
  if (reason !== 'CrashLoopBackOff') return undefined
  const words = oneLine(ended.message ?? '')
  const said = `ends again and again, with exit code ${ended.exitCode}${words === '' ? '' : `: ${words}`}`
  return { kind: 'crash', said }
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ').slice(-300)
}
