import { clusterSelector, labels, volumeClaimKind } from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject, NodeStatus, OwnerReference } from '@knest/core'
import { imageOfPod } from './change-image.js'
import { imageOf, podName } from './manifest.js'
import { warningsOf, type ExplainEvent } from './pod-events.js'
import { podState, type PodState } from './pod-state.js'

export const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
export const statefulSetKind: KindRef = { apiVersion: 'apps/v1', kind: 'StatefulSet' }

// The pods and claims of VM nodes have the same labels, and this one.
const nodesOfPods = `${labels.node},${labels.backend}!=vm`

/** All there is of some nodes. */
interface Found {
  readonly sets: readonly KubeObject[]
  readonly pods: readonly KubeObject[]
  readonly claims: readonly KubeObject[]
}

/** The nodes of a cluster, also those of which only a disk is left. */
export async function listNodes(
  api: KubeApi,
  cluster: ClusterRef,
  explainEvent: ExplainEvent,
  signal: AbortSignal,
): Promise<readonly NodeStatus[]> {
  const labelSelector = `${clusterSelector(cluster.name)},${nodesOfPods}`
  const found = await find(api, { namespace: cluster.namespace, labelSelector, signal })
  return statusesOf(api, cluster.namespace, found, explainEvent, signal)
}

/** The same of all clusters, by namespace and name: three requests, however many they are. */
export async function listAllNodes(
  api: KubeApi,
  explainEvent: ExplainEvent,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly NodeStatus[]>> {
  const found = await find(api, { labelSelector: `${labels.cluster},${nodesOfPods}`, signal })
  const keyOf = ({ metadata }: KubeObject): string =>
    `${metadata.namespace ?? ''}/${metadata.labels?.[labels.cluster] ?? ''}`
  const keys = new Set(Object.values(found).flatMap((objects: readonly KubeObject[]) => objects.map(keyOf)))
  const own = (key: string, objects: readonly KubeObject[]): readonly KubeObject[] =>
    objects.filter((object) => keyOf(object) === key)
  const lists = [...keys].map(async (key) => {
    const { sets, pods, claims } = found
    const ofCluster = { sets: own(key, sets), pods: own(key, pods), claims: own(key, claims) }
    const [namespace = ''] = key.split('/')
    return [key, await statusesOf(api, namespace, ofCluster, explainEvent, signal)] as const
  })
  return new Map(await Promise.all(lists))
}

async function find(
  api: KubeApi,
  selector: { readonly namespace?: string; readonly labelSelector: string; readonly signal: AbortSignal },
): Promise<Found> {
  const [sets, pods, claims] = await Promise.all([
    api.list(statefulSetKind, selector),
    api.list(podKind, selector),
    api.list(volumeClaimKind, selector),
  ])
  return { sets, pods, claims }
}

async function statusesOf(
  api: KubeApi,
  namespace: string,
  { sets: before, pods, claims }: Found,
  explainEvent: ExplainEvent,
  signal: AbortSignal,
): Promise<readonly NodeStatus[]> {
  // One that was made between the two lists, or has lost its labels, is none that is gone.
  const missed = await Promise.all(
    pods
      .filter((pod) => isOrphan(pod, before))
      .map((pod) => api.get(statefulSetKind, setOf(pod)?.name ?? '', namespace, signal)),
  )
  const sets = [...before, ...missed.filter((set) => set !== undefined)]
  const byNode = (objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> =>
    new Map(objects.map((object) => [object.metadata.labels?.[labels.node] ?? '', object]))
  // Whatever is left of a node is the node: what shows least comes first and is overruled.
  const owners = new Map([
    ...byNode(claims),
    ...byNode(pods),
    ...byNode(sets.filter(({ metadata }) => metadata.labels?.[labels.node] !== undefined)),
  ])
  const podOf = byNode(pods)
  const claimOf = byNode(claims)
  const untold = pods.filter((pod) => podState(pod).untold)
  const warnings = await warningsOf(api, namespace, untold, explainEvent, signal)
  return [...owners].map(([name, owner]) => {
    const pod = podOf.get(name)
    const status = nodeStatus(name, owner, pod, warnings, pod !== undefined && isOrphan(pod, sets))
    return { ...status, diskGoing: claimOf.get(name)?.metadata.deletionTimestamp !== undefined }
  })
}

/** Its StatefulSet is gone: the host takes it away within seconds, and until then it runs and takes commands. */
export function isOrphan(pod: KubeObject, sets: readonly KubeObject[]): boolean {
  const owner = setOf(pod)
  return owner !== undefined && !sets.some(({ metadata }) => metadata.uid === owner.uid)
}

function setOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ kind }) => kind === statefulSetKind.kind)
}

function nodeStatus(
  name: string,
  owner: KubeObject,
  pod: KubeObject | undefined,
  warnings: ReadonlyMap<string, string>,
  orphaned: boolean,
): NodeStatus {
  const { labels: found = {} } = owner.metadata
  const state = pod === undefined ? undefined : orphaned ? orphanState(pod) : podState(pod)
  const isEnding = state === undefined || state.phase === 'failed' || state.phase === 'deleting'
  const said = [state?.reason, warnings.get(podName(name))].filter((text) => text !== undefined)
  return {
    name,
    role: found[labels.role] === 'control-plane' ? 'control-plane' : 'worker',
    pool: found[labels.pool] ?? 'worker',
    phase: state?.phase ?? 'pending',
    abandoned: isEnding && (owner.kind !== statefulSetKind.kind || isScaledToNone(owner)),
    ready: state?.ready ?? false,
    ip: state?.ip,
    startedAt: state?.startedAt,
    reason: state === undefined ? absence(owner) : said.length === 0 ? undefined : said.join(': '),
    trouble: state?.trouble,
    hostObject: podName(name),
    hostNode: state?.hostNode,
    image: imageOfNode(owner, pod),
  }
}

function orphanState(pod: KubeObject): PodState {
  const reason = 'its StatefulSet is gone, and its pod goes with it'
  return { ...podState(pod), phase: 'deleting', ready: false, reason }
}

function imageOfNode(owner: KubeObject, pod: KubeObject | undefined): string | undefined {
  if (pod !== undefined) return imageOfPod(pod)
  return owner.kind === statefulSetKind.kind ? imageOf(owner) : undefined
}

/** As `kubectl scale --replicas=0` does, which takes the pod away until somebody says otherwise. */
function isScaledToNone({ spec }: KubeObject): boolean {
  return (spec as { readonly replicas?: number } | undefined)?.replicas === 0
}

function absence(owner: KubeObject): string {
  if (owner.kind === volumeClaimKind.kind) return 'only its disk is kept'
  return isScaledToNone(owner) ? 'its StatefulSet was scaled to 0' : 'no pod yet'
}
