import { anySignal, openKube } from '@knest/core'
import { readKubeconfig } from './status.js'
import type { LocatedHost } from './locate.js'
import { firstControlPlane } from '../engine/names.js'

const quickly = 3_000

/** Names of the clusters a host carries, as far as it can be asked now. */
export async function nestedClusters(
  { engine, container, label }: LocatedHost,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (container?.state !== 'running' || label === undefined) return []
  const bounded = anySignal(signal, AbortSignal.timeout(quickly))
  try {
    const kubeconfig = await readKubeconfig(engine, firstControlPlane(label.name), bounded)
    if (kubeconfig === undefined) return []
    const api = await openKube({ kubeconfigText: kubeconfig, direct: true })
    try {
      const found = await api.list(
        { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' },
        { signal: bounded },
      )
      return found.map(({ metadata }) => metadata.name)
    } finally {
      api.close()
    }
  } catch {
    // Its purpose is a note: a host without the kind, or one that does not answer, goes all the same.
    signal.throwIfAborted()
    return []
  }
}
