import {
  applyOwn,
  anySignal,
  awaitPodsGone,
  clusterSelector,
  deleteFound,
  deleteOwn,
  deleteVolumeClaim,
  isMadeFor,
  KnestError,
  notStarted,
  refuseForeign,
  labels,
  clusterCommand,
  kubectlCommand,
} from '@knest/core'
import type {
  ClusterRef,
  ExecResult,
  KubeApi,
  KubeObject,
  NodeBackend,
  NodeHandle,
  NodeRole,
  NodeSpec,
} from '@knest/core'
import { awaitStart } from './await-start.js'
import { changeImage } from './change-image.js'
import { imageVersion } from './image-version.js'
import { claimName, imageOf, nodeClaim, nodeStatefulSet, podName } from './manifest.js'
import { openPod } from './pod-handle.js'
import { isOrphan, listAllNodes, listNodes, podKind, statefulSetKind } from './list-nodes.js'
import { lastEnd, type ExplainEvent } from './pod-events.js'
import { podState } from './pod-state.js'
import { podNodeObjects, preflight } from './preflight.js'
import { refusalOf, waitForPod, waitForScheduled } from './wait-for-pod.js'

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
    const logs = kubectlCommand('logs', '-n', spec.cluster.namespace, podName(spec.name))
    throw notStarted(spec.name, ready, `see: ${logs}`)
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

    listNodes: (cluster, signal) => listNodes(api, cluster, explainEvent, signal),
    listAllNodes: (signal) => listAllNodes(api, explainEvent, signal),

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
