import type { ClusterSpec } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { Problem } from '../errors.js'

const storageClassKind: KindRef = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }

/** A persistent cluster's StorageClass must exist, or the host must have a default one. */
export async function storageProblems(
  api: KubeApi,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const { enabled, storageClass } = spec.persistence
  if (!enabled) return []
  const classes = await api.list(storageClassKind, { signal }).catch((error: unknown) => {
    if (error instanceof KnestError && error.code === 'not-permitted') return undefined
    throw error
  })
  if (classes === undefined) return []
  const names = classes.map(({ metadata }) => metadata.name)
  if (storageClass !== undefined) {
    if (names.includes(storageClass)) return []
    return [
      {
        reason: 'StorageClassMissing',
        severity: 'error',
        message: `the host has no StorageClass "${storageClass}"`,
        hint: `choose one of ${names.join(', ') || 'none: install a storage provisioner first'}`,
      },
    ]
  }
  if (classes.some(isDefault)) return []
  return [
    {
      reason: 'StorageClassMissing',
      severity: 'error',
      message: 'a persistent cluster needs a default StorageClass, and the host has none',
      hint: `name one with --storage-class (the host has ${names.join(', ') || 'none'})`,
    },
  ]
}

function isDefault({ metadata }: KubeObject): boolean {
  return metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
}
