import {
  applyAll,
  awaitPodsGone,
  deleteFound,
  deleteNamespace,
  holdCrd,
  KnestError,
  labels,
  managedByKnest,
  removeFinalizer,
  nestedClusterCrd,
  nestedClusterKind,
  podTrouble,
  refuseForeign,
  releaseCrd,
  kubectlCommand,
} from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject, RunOptions } from '@knest/core'
import { bindAll, everywhereAnnotation, unbindAll } from './bindings.js'
import { allNamespacesBinding, controllerObjects } from './manifests.js'
import { controllerName, controllerNamespace } from './names.js'

export interface ControllerInstall {
  readonly image: string
  /** It may work in namespaces of the host that nobody bound it to. */
  readonly allNamespaces?: boolean
}

const deploymentKind: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' }
const replicaSetKind: KindRef = { apiVersion: 'apps/v1', kind: 'ReplicaSet' }
const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
const crdKind: KindRef = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }

/** On the Deployment: it came with a cluster, and goes with the last one. */
const implicitAnnotation = 'knest.dev/came-with-cluster'

/** How the controller came to the host; undefined when there is none. */
export async function findController(
  api: KubeApi,
  signal: AbortSignal,
): Promise<'installed' | 'came-with-cluster' | undefined> {
  const found = await api.get(deploymentKind, controllerName, controllerNamespace, signal)
  if (found === undefined) return undefined
  return found.metadata.annotations?.[implicitAnnotation] === 'true' ? 'came-with-cluster' : 'installed'
}

/** Puts a controller beside a cluster that was just created. Repeatable; waits for nothing. */
export async function ensureController(
  api: KubeApi,
  { image }: ControllerInstall,
  signal: AbortSignal,
): Promise<void> {
  const objects = controllerObjects({ image, annotations: { [implicitAnnotation]: 'true' } })
  await refuseForeign(api, objects, signal)
  await applyAll(api, objects, signal)
}

/**
 * Puts the controller on the host to stay, or changes the one that is there, and lets it look after all clusters that
 * are there; waits until it works.
 */
export async function installController(
  api: KubeApi,
  { image, allNamespaces = false }: ControllerInstall,
  { progress, signal, timeoutMs }: RunOptions,
): Promise<void> {
  await progress.phase('Install the controller', async () => {
    const annotations = allNamespaces ? { [everywhereAnnotation]: 'true' } : {}
    const objects = controllerObjects({ image, annotations, allNamespaces })
    await refuseForeign(api, objects, signal)
    await holdCrd(api, signal)
    // One of an earlier version has rights in all namespaces until it has them in those of clusters.
    await applyAll(api, objects.filter(isThereBefore), signal)
    await bindAll(api, signal)
    await applyAll(api, objects, signal)
    if (!allNamespaces) await removeInstalled(api, [allNamespacesBinding()], signal)
  })
  await progress.phase('Wait for the controller', () => awaitController(api, timeoutMs, signal))
}

function isThereBefore({ kind, metadata }: KubeObject): boolean {
  return kind !== 'Deployment' && !(kind === 'ClusterRole' && metadata.name === controllerName)
}

async function awaitController(api: KubeApi, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const deployed = ([found]: readonly KubeObject[]): boolean => {
    const {
      observedGeneration = 0,
      updatedReplicas = 0,
      availableReplicas = 0,
      replicas = 0,
    } = (found?.status ?? {}) as Readonly<Record<string, number>>
    return (
      observedGeneration === found?.metadata.generation &&
      updatedReplicas === 1 &&
      availableReplicas === 1 &&
      replicas === 1
    )
  }
  const selector = { namespace: controllerNamespace, fieldSelector: `metadata.name=${controllerName}` }
  try {
    await api.waitFor(deploymentKind, selector, deployed, {
      timeoutMs,
      signal,
      awaited: `Deployment "${controllerName}" in namespace "${controllerNamespace}" to be available`,
      describe: () => 'its pod does not run',
    })
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'timeout') throw error
    const pods = await api.list(podKind, { namespace: controllerNamespace, signal })
    throw new KnestError('timeout', [error.message, ...pods.map(troubleOf)].join('; '), {
      hint: `see: ${kubectlCommand('-n', controllerNamespace, 'describe', 'pods')}`,
      cause: error,
    })
  }
}

function troubleOf(pod: KubeObject): string {
  const { phase = 'Unknown' } = (pod.status ?? {}) as { phase?: string }
  return `pod "${pod.metadata.name}": ${podTrouble(pod) || phase}`
}

/** Takes the controller away if it came with a cluster and there is none but the one that goes; else does nothing. */
export async function removeUnusedController(
  api: KubeApi,
  going: ClusterRef,
  run: RunOptions,
): Promise<void> {
  if ((await findController(api, run.signal)) !== 'came-with-cluster') return
  const clusters = await api.list(nestedClusterKind, { signal: run.signal })
  const isGoing = ({ metadata }: KubeObject): boolean =>
    metadata.name === going.name && metadata.namespace === going.namespace
  if (clusters.every(isGoing)) await uninstallController(api, run)
}

/**
 * Takes the controller off the host. Clusters stay as they are and are worked on by commands again; what it
 * had asked the host to keep for it is let go first, so that no object waits for it for ever.
 */
export async function uninstallController(api: KubeApi, { progress, signal }: RunOptions): Promise<void> {
  await progress.phase('Remove the controller', async () => {
    await stopController(api, signal)
    await removeFinalizers(api, signal)
    const [, ...others] = controllerObjects({ image: '', allNamespaces: true })
    await unbindAll(api, signal)
    // Policies are there for as long as the rights.
    await removeInstalled(api, others.reverse(), signal)
    await deleteNamespace(api, controllerNamespace, signal)
    await releaseCrd(api, signal)
  })
}

/** Owner before owned, so that nobody makes them again; the host's garbage collector would take a second for each. */
async function stopController(api: KubeApi, signal: AbortSignal): Promise<void> {
  const selector = {
    namespace: controllerNamespace,
    labelSelector: `app.kubernetes.io/name=${controllerName}`,
  }
  for (const kind of [deploymentKind, replicaSetKind, podKind]) {
    const found = await api.list(kind, { ...selector, signal })
    await Promise.all(
      found.map(({ metadata }) =>
        api.delete(kind, metadata.name, controllerNamespace, { signal, propagationPolicy: 'Background' }),
      ),
    )
  }
  await awaitPodsGone(api, selector, {
    timeoutMs: 60_000,
    signal,
    awaited: 'the pod of the controller to be gone',
    describe: (pods) => pods.map(troubleOf).join('; '),
  })
}

/** None that somebody else made under such a name. */
async function removeInstalled(
  api: KubeApi,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  for (const object of objects) {
    const { name, namespace } = object.metadata
    const found = await api.get(object, name, namespace, signal)
    if (found?.metadata.labels?.[labels.managedBy] !== managedByKnest) continue
    await deleteFound(api, object, found, { signal })
  }
}

async function removeFinalizers(api: KubeApi, signal: AbortSignal): Promise<void> {
  const crd = nestedClusterCrd().metadata.name
  if ((await api.get(crdKind, crd, undefined, signal)) === undefined) return
  for (const cluster of await api.list(nestedClusterKind, { signal }))
    await removeFinalizer(api, cluster, signal)
}
