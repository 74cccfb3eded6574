import {
  applyOwn,
  anySignal,
  awaitPodsGone,
  volumeClaimKind,
  clusterSelector,
  deleteFound,
  deleteOwn,
  deleteVolumeClaim,
  isMadeFor,
  KnestError,
  refuseForeign,
  labels,
  clusterCommand,
  kubectlCommand,
} from '@knest/core'
import type {
  ClusterRef,
  ExecResult,
  KindRef,
  KubeApi,
  KubeObject,
  NodeBackend,
  NodeHandle,
  NodeRole,
  NodeSpec,
  NodeStatus,
  OwnerReference,
} from '@knest/core'
import { awaitStart } from './await-start.js'
import { changeImage, imageOfPod } from './change-image.js'
import { imageVersion } from './image-version.js'
import { claimName, imageOf, nodeClaim, nodeStatefulSet, podName } from './manifest.js'
import { openPod } from './pod-handle.js'
import { lastEnd, warningsOf, type ExplainEvent } from './pod-events.js'
import { podState, type PodState } from './pod-state.js'
import { podNodeObjects, preflight } from './preflight.js'
import { refusalOf, waitForPod, waitForScheduled } from './wait-for-pod.js'

const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
const statefulSetKind: KindRef = { apiVersion: 'apps/v1', kind: 'StatefulSet' }

export interface PodNodeOptions {
  /** Asked about events of pods that do not start, as when the host's CNI refuses an address. */
  readonly explainEvent?: ExplainEvent
}

/** A node is a privileged pod of the host; commands reach it by exec. */
export function createPodNodeBackend(
  api: KubeApi,
  { explainEvent = () => Promise.resolve(undefined) }: PodNodeOptions = {},
): NodeBackend {
  const handle = (cluster: ClusterRef, name: string, role: NodeRole): NodeHandle =>
    openPod(api, cluster.namespace, podName(name), name, role)

  const started = async (
    spec: NodeSpec,
    signal: AbortSignal,
    note?: (text: string) => void,
  ): Promise<NodeHandle> => {
    const node = handle(spec.cluster, spec.name, spec.role)
    const ready = await untilReady(api, spec, node, { explainEvent, note }, signal)
    if (ready.exitCode === 0) return node
    throw new KnestError(
      'prerequisite',
      `node "${spec.name}" did not start: ${ready.stderr.trim() || ready.stdout.trim()}`,
      { hint: `see: ${kubectlCommand('logs', '-n', spec.cluster.namespace, podName(spec.name))}` },
    )
  }

  return {
    name: 'pod',
    features: { ownKernel: false, cgroupDriver: 'cgroupfs', access: 'exec' },

    preflight: (spec, signal, cluster) => preflight(api, cluster, spec, signal),
    hostObjects: podNodeObjects,

    ensureNode: async (spec, signal, note) => {
      const set = nodeStatefulSet(spec)
      // The host would take a claim of that name for the node's disk.
      if (spec.persistent) await refuseForeign(api, [nodeClaim(spec)], signal)
      await removeOrphan(api, spec, signal)
      await applyOwn(api, set, { signal })
      await changeImage(api, spec, imageOf(set), signal)
      return started(spec, signal, note)
    },

    upgradeNode: async (spec, signal) => {
      const before = await api.get(statefulSetKind, spec.name, spec.cluster.namespace, signal)
      const set = nodeStatefulSet(spec)
      await applyOwn(api, set, { signal })
      try {
        await changeImage(api, spec, imageOf(set), signal)
      } catch (error) {
        if (before !== undefined && error instanceof KnestError && error.code === 'prerequisite') {
          await applyOwn(api, nodeStatefulSet({ ...spec, image: imageOf(before) }), { signal })
          await changeImage(api, spec, imageOf(before), signal)
          await started(spec, signal)
        }
        throw error
      }
      return started(spec, signal)
    },
    imageVersion: (cluster, spec, signal) => imageVersion(api, cluster, spec, signal),
    openNode: async (cluster, name, signal) => {
      const pod = await api.get(podKind, podName(name), cluster.namespace, signal)
      const role = pod?.metadata.labels?.[labels.role]
      if (pod === undefined || pod.metadata.labels?.[labels.cluster] !== cluster.name) {
        throw new KnestError('not-found', `cluster "${cluster.name}" has no node "${name}"`, {
          hint: `see: ${clusterCommand('status', cluster)}`,
        })
      }
      return handle(cluster, name, role === 'control-plane' ? 'control-plane' : 'worker')
    },

    listNodes: async (cluster, signal) => {
      const selector = {
        namespace: cluster.namespace,
        // The pods and claims of VM nodes have the same labels, and this one.
        labelSelector: `${clusterSelector(cluster.name)},${labels.node},${labels.backend}!=vm`,
        signal,
      }
      const [before, pods, claims] = await Promise.all([
        api.list(statefulSetKind, selector),
        api.list(podKind, selector),
        api.list(volumeClaimKind, selector),
      ])
      // One that was made between the two lists, or has lost its labels, is none that is gone.
      const missed = await Promise.all(
        pods
          .filter((pod) => isOrphan(pod, before))
          .map((pod) => api.get(statefulSetKind, setOf(pod)?.name ?? '', cluster.namespace, signal)),
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
      const warnings = await warningsOf(api, cluster.namespace, untold, explainEvent, signal)
      return [...owners].map(([name, owner]) => {
        const pod = podOf.get(name)
        const status = nodeStatus(name, owner, pod, warnings, pod !== undefined && isOrphan(pod, sets))
        return { ...status, diskGoing: claimOf.get(name)?.metadata.deletionTimestamp !== undefined }
      })
    },

    lastEnd: (cluster, name, signal) => lastEnd(api, cluster.namespace, podName(name), signal),

    deleteNode: async (cluster, name, { keepData, signal }) => {
      await deleteOwn(api, cluster, statefulSetKind, name, { signal, propagationPolicy: 'Background' })
      await deleteOwn(api, cluster, podKind, podName(name), { signal })
      await untilGone(api, cluster, name, signal)
      if (!keepData) await deleteVolumeClaim(api, cluster, claimName(name), signal)
    },
  }
}

async function untilGone(
  api: KubeApi,
  cluster: ClusterRef,
  name: string,
  signal: AbortSignal,
  isMeant?: (pod: KubeObject) => boolean,
): Promise<void> {
  const { namespace } = cluster
  await awaitPodsGone(
    api,
    { namespace, labelSelector: `${clusterSelector(cluster.name)},${labels.node}=${name}` },
    {
      timeoutMs: 120_000,
      signal,
      awaited: `pod "${podName(name)}" in namespace "${namespace}" to be gone`,
      describe: (pods) => pods.map((pod) => podState(pod).reason ?? 'still running').join(', '),
    },
    isMeant,
  )
}

/** Its StatefulSet is gone: the host takes it away within seconds, and until then it runs and takes commands. */
function isOrphan(pod: KubeObject, sets: readonly KubeObject[]): boolean {
  const owner = setOf(pod)
  return owner !== undefined && !sets.some(({ metadata }) => metadata.uid === owner.uid)
}

function setOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ kind }) => kind === statefulSetKind.kind)
}

/** What the host is about to take away would be taken for the new node. This very pod goes, and none that comes after it. */
async function removeOrphan(api: KubeApi, { cluster, name }: NodeSpec, signal: AbortSignal): Promise<void> {
  const pod = await api.get(podKind, podName(name), cluster.namespace, signal)
  if (pod === undefined || !isMadeFor(cluster, pod)) return
  const set = await api.get(statefulSetKind, name, cluster.namespace, signal)
  if (!isOrphan(pod, set === undefined ? [] : [set])) return
  await deleteFound(api, podKind, pod, { signal })
  await untilGone(api, cluster, name, signal, ({ metadata }) => metadata.uid === pod.metadata.uid)
}

/** What the node says when it is ready, or cannot become so. */
async function untilReady(
  api: KubeApi,
  { cluster, name }: NodeSpec,
  node: NodeHandle,
  {
    explainEvent,
    note,
  }: { readonly explainEvent: ExplainEvent; readonly note: ((text: string) => void) | undefined },
  signal: AbortSignal,
): Promise<ExecResult> {
  const ended = new AbortController()
  const both = anySignal(signal, ended.signal)
  try {
    const running = waitForPod(api, cluster, name, explainEvent, both, note)
    await Promise.race([running, waitForScheduled(api, cluster, name, both)])
    return await awaitStart(node, running, both)
  } catch (error) {
    if (signal.aborted || (error instanceof KnestError && error.code !== 'host-unreachable')) throw error
    throw (await refusalOf(api, cluster, name, signal)) ?? error
  } finally {
    ended.abort()
  }
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
