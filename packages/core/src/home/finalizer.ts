import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { cleanupFinalizer, nestedClusterKind } from './record.js'

/** Lets the host delete a NestedCluster that it keeps for whoever cleans up. Repeatable. */
export async function removeFinalizer(
  api: KubeApi,
  { metadata }: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, finalizers = [] } = metadata
  if (!finalizers.includes(cleanupFinalizer)) return
  const others = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer)
  await api.patch(nestedClusterKind, name, namespace, { metadata: { finalizers: others } }, { signal })
}
