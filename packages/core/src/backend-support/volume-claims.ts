import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { isMadeFor } from '../ownership.js'

export const volumeClaimKind: KindRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }
const volumeKind: KindRef = { apiVersion: 'v1', kind: 'PersistentVolume' }
const timeoutMs = 120_000

/**
 * Deletes a node's claim and waits until its volume is gone too, unless the StorageClass keeps volumes or the user may
 * not look at volumes: then the host sees to it. An absent claim is already gone; one that is not of the cluster stays.
 */
export async function deleteVolumeClaim(
  api: KubeApi,
  cluster: ClusterRef,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const { namespace } = cluster
  const claim = await api.get(volumeClaimKind, name, namespace, signal)
  if (claim === undefined || !isMadeFor(cluster, claim)) return
  const { uid } = claim.metadata
  await api.delete(volumeClaimKind, name, namespace, { signal, ...(uid && { preconditions: { uid } }) })
  await api.waitFor(
    volumeClaimKind,
    { namespace, fieldSelector: `metadata.name=${name}` },
    (found) => found.length === 0,
    {
      timeoutMs,
      signal,
      awaited: `claim "${name}" in namespace "${namespace}" to be gone`,
      describe: () => 'still in use',
    },
  )
  const volume = (claim.spec as { volumeName?: string } | undefined)?.volumeName
  if (volume === undefined) return
  const done = (found: readonly KubeObject[]): boolean => found.every(keepsVolumes)
  try {
    await api.waitFor(volumeKind, { fieldSelector: `metadata.name=${volume}` }, done, {
      timeoutMs,
      signal,
      awaited: `volume "${volume}" to be removed by its provisioner`,
      describe: (found) => (found[0]?.status as { phase?: string } | undefined)?.phase ?? 'unknown',
    })
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'not-permitted') throw error
  }
}

function keepsVolumes(volume: KubeObject): boolean {
  const { persistentVolumeReclaimPolicy } = volume.spec as { persistentVolumeReclaimPolicy?: string }
  return persistentVolumeReclaimPolicy !== 'Delete'
}
