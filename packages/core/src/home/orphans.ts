import type { ClusterRecord } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { clusterSelector } from '../labels.js'
import { objectNames } from '../names.js'
import { isMadeFor } from '../ownership.js'
import { nestedClusterKind, ownedBy } from './record.js'

const secretKind: KindRef = { apiVersion: 'v1', kind: 'Secret' }
const selectedKinds: readonly KindRef[] = [
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
]
const vmKind: KindRef = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' }

/** One that nobody owns; `kind` is said beside it, because objects of a list do not. */
interface Orphan {
  readonly kind: KindRef
  readonly object: KubeObject
}

type Owner = Pick<ClusterRecord, 'name' | 'namespace' | 'uid' | 'spec'>

/**
 * What knest made for this cluster and no record owns: a backup brings objects without their owners, and an object that
 * was deleted as an orphan leaves them so. What a record that is gone owns is the host's to collect.
 */
async function orphansOf(api: KubeApi, record: Owner, signal: AbortSignal): Promise<readonly Orphan[]> {
  const { name, namespace, spec } = record
  const hasVms = [spec.controlPlane, ...spec.workers].some(({ backend }) => backend === 'vm')
  const { pkiSecret, sshSecret, kubeconfigSecret } = objectNames
  const found = await Promise.all([
    ...[pkiSecret, sshSecret, kubeconfigSecret].map(async (nameOf) => {
      const object = await api.get(secretKind, nameOf(name), namespace, signal)
      return object === undefined ? [] : [{ kind: secretKind, object }]
    }),
    ...[...selectedKinds, ...(hasVms ? [vmKind] : [])].map(async (kind) => {
      const labelSelector = clusterSelector(name)
      const objects = await api.list(kind, { namespace, labelSelector, signal }).catch(noneWhenUnknown)
      return objects.map((object) => ({ kind, object }))
    }),
  ])
  return found.flat().filter(({ object }) => isMadeFor(record, object) && !isOwned(object))
}

/** Names them, as in `Service "a-api"`. */
export async function findOrphans(
  api: KubeApi,
  record: Owner,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return (await orphansOf(api, record, signal)).map(described).sort()
}

/** Has all of them go with the record again; gives their names. Repeatable. */
export async function adoptOrphans(
  api: KubeApi,
  record: Owner,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const orphans = await orphansOf(api, record, signal)
  for (const { kind, object } of orphans) {
    const { name, namespace, uid, ownerReferences = [] } = object.metadata
    const owners = [...ownerReferences, ownedBy(record.name, record.uid)]
    const metadata = { ...(uid !== undefined && { uid }), ownerReferences: owners }
    await api.patch(kind, name, namespace, { metadata }, { signal })
  }
  return orphans.map(described).sort()
}

function isOwned({ metadata }: KubeObject): boolean {
  return (metadata.ownerReferences ?? []).some(({ kind }) => kind === nestedClusterKind.kind)
}

function described({ kind, object }: Orphan): string {
  return `${kind.kind} "${object.metadata.name}"`
}

function noneWhenUnknown(error: unknown): readonly KubeObject[] {
  if (error instanceof KnestError && error.code === 'not-found') return []
  throw error
}
