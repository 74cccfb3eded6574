import {
  applyAll,
  deleteFound,
  holdCrd,
  KnestError,
  kubectlCommand,
  nestedClusterCrd,
  nestedClusterKind,
  refuseForeign,
} from '@knest/core'
import type { ClusterRef, KubeApi, KubeObject, RunOptions } from '@knest/core'
import { bindAll, everywhereAnnotation } from './bindings.js'
import { allNamespacesBinding, controllerObjects } from './manifests.js'
import { controllerName, controllerNamespace } from './names.js'
import { deploymentKind, podKind, troubleOf } from './pods.js'
import { isOfKnest, uninstallController } from './uninstall.js'

export interface ControllerInstall {
  readonly image: string
  /** It may work in namespaces of the host that nobody bound it to. */
  readonly allNamespaces?: boolean
}

/** On the Deployment: it came with a cluster, and goes with the last one. */
const implicitAnnotation = 'knest.dev/came-with-cluster'

/** How the controller came to the host; undefined when there is none. */
export async function findController(
  api: KubeApi,
  signal: AbortSignal,
): Promise<'installed' | 'came-with-cluster' | undefined> {
  const found = await api.get(deploymentKind, controllerName, controllerNamespace, signal)
  if (found === undefined || !isOfKnest(found)) return undefined
  return found.metadata.annotations?.[implicitAnnotation] === 'true' ? 'came-with-cluster' : 'installed'
}

/**
 * Puts a controller beside a cluster that was just created, and lets it look after those that were there before.
 * Repeatable; waits for nothing.
 */
export async function ensureController(
  api: KubeApi,
  { image }: ControllerInstall,
  signal: AbortSignal,
): Promise<void> {
  const objects = controllerObjects({ image, annotations: { [implicitAnnotation]: 'true' } })
  await refuseForeign(api, objects, signal)
  // An uninstall that was interrupted may have left it.
  await takeBackAllNamespaces(api, signal)
  await applyAll(api, objects, signal)
  // One whose binding has a foreign name in the way says so itself: it is no matter of who creates another.
  await bindAll(api, signal, () => undefined)
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
  await progress.phase('Install the controller', async (inner) => {
    const annotations = allNamespaces ? { [everywhereAnnotation]: 'true' } : {}
    const objects = controllerObjects({ image, annotations, allNamespaces })
    await refuseForeign(api, [...objects, nestedClusterCrd()], signal)
    await holdCrd(api, signal)
    // One of an earlier version has rights in all namespaces until it has them in those of clusters.
    await applyAll(api, objects.filter(isThereBefore), signal)
    await bindAll(api, signal, (text) => inner.warn(text))
    await applyAll(api, objects, signal)
    if (!allNamespaces) await takeBackAllNamespaces(api, signal)
  })
  await progress.phase('Wait for the controller', () => awaitController(api, timeoutMs, signal))
}

async function takeBackAllNamespaces(api: KubeApi, signal: AbortSignal): Promise<void> {
  const binding = allNamespacesBinding()
  const found = await api.get(binding, binding.metadata.name, undefined, signal)
  if (found !== undefined && isOfKnest(found)) await deleteFound(api, binding, found, { signal })
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
