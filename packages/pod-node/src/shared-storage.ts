import { KnestError } from '@knest/core'
import type { ClusterSpec, KindRef, KubeApi, Problem } from '@knest/core'

const storageClassKind: KindRef = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }
const isDefault = 'storageclass.kubernetes.io/is-default-class'

/** Provisioners of file systems that are shared over a network: no overlay can lie on them. */
const sharing =
  /(^|[.\-/])(nfs|smb|cifs|efs|cephfs|glusterfs|azure-file|azurefile)([.\-/]|$)|^(file\.csi\.azure|filestore\.csi\.storage\.gke)\./

/** Warns of a StorageClass whose volumes cannot be the disk of a pod node; the node says so itself, but late. */
export async function sharedStorageProblems(
  api: KubeApi,
  { persistence: { enabled, storageClass } }: Pick<ClusterSpec, 'persistence'>,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (!enabled) return []
  const classes = await api.list(storageClassKind, { signal }).catch((error: unknown) => {
    if (error instanceof KnestError && error.code === 'not-permitted') return []
    throw error
  })
  const used = classes.find(({ metadata: { name, annotations } }) =>
    storageClass === undefined ? annotations?.[isDefault] === 'true' : name === storageClass,
  )
  const provisioner = (used as { readonly provisioner?: string } | undefined)?.provisioner ?? ''
  if (used === undefined || !sharing.test(provisioner)) return []
  return [
    {
      severity: 'warning',
      message: `StorageClass "${used.metadata.name}" (${provisioner}) seems to give network file systems, on which a pod node cannot start: its containers are overlays`,
      hint: 'choose one of block devices or local disks with --storage-class, or VM nodes',
    },
  ]
}
