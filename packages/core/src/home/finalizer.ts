import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { cleanupFinalizer, nestedClusterKind } from './record.js'

/** Lets the host delete a NestedCluster that it keeps for whoever cleans up. Repeatable. */
export async function removeFinalizer(
  api: KubeApi,
  object: KubeObject | undefined,
  signal: AbortSignal,
): Promise<void> {
  let found = object
  while (found?.metadata.finalizers?.includes(cleanupFinalizer) === true) {
    const { name, namespace, resourceVersion, finalizers } = found.metadata
    const others = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer)
    try {
      // The garbage collector takes away finalizers of its own meanwhile, and none may come back.
      const metadata = { finalizers: others, ...(resourceVersion !== undefined && { resourceVersion }) }
      await api.patch(nestedClusterKind, name, namespace, { metadata }, { signal })
      return
    } catch (error) {
      if (!(error instanceof KnestError)) throw error
      if (error.code === 'not-found') return
      if (error.code !== 'conflict') throw error
    }
    found = await api.get(nestedClusterKind, name, namespace, signal)
  }
}
