import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { clusterSelector } from '../labels.js'
import { objectNames } from '../names.js'
import { isMadeFor } from '../ownership.js'
import { nestedClusterKind, ownedBy, retains, type KeptRecord } from './record.js'

const secretKind: KindRef = { apiVersion: 'v1', kind: 'Secret' }
const serviceKind: KindRef = { apiVersion: 'v1', kind: 'Service' }
const claimKind: KindRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }
const dataVolumeKind: KindRef = { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume' }
const statefulSetKind: KindRef = { apiVersion: 'apps/v1', kind: 'StatefulSet' }
const vmKind: KindRef = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' }

/** One object of a cluster; `kind` is said beside it, because objects of a list do not. */
interface Part {
  readonly kind: KindRef
  readonly object: KubeObject
}

type Owner = KeptRecord

/** Keys and addresses: with the disks, what a deletion policy is about. */
async function keysOf(api: KubeApi, record: Owner, signal: AbortSignal): Promise<readonly Part[]> {
  const { pkiSecret, sshSecret, kubeconfigSecret } = objectNames
  const secrets = [pkiSecret, sshSecret, kubeconfigSecret].map(async (nameOf) => {
    const object = await api.get(secretKind, nameOf(record.name), record.namespace, signal)
    return object === undefined ? [] : [{ kind: secretKind, object }]
  })
  const found = await Promise.all([...secrets, partsOf(api, record, serviceKind, signal)])
  return found.flat().filter(({ object }) => isMadeFor(record, object))
}

/** What the nodes are on the host. */
async function nodesOf(api: KubeApi, record: Owner, signal: AbortSignal): Promise<readonly Part[]> {
  const kinds = hasVms(record) ? [statefulSetKind, vmKind] : [statefulSetKind]
  return (await Promise.all(kinds.map((kind) => partsOf(api, record, kind, signal)))).flat()
}

/** Claims of pods have no owner; the disks of VMs have. */
async function disksOf(api: KubeApi, record: Owner, signal: AbortSignal): Promise<readonly Part[]> {
  if (!hasVms(record)) return []
  const kinds = [claimKind, dataVolumeKind]
  return (await Promise.all(kinds.map((kind) => partsOf(api, record, kind, signal)))).flat()
}

async function partsOf(
  api: KubeApi,
  { name, namespace }: Owner,
  kind: KindRef,
  signal: AbortSignal,
): Promise<readonly Part[]> {
  const labelSelector = clusterSelector(name)
  const objects = await api.list(kind, { namespace, labelSelector, signal }).catch(noneWhenUnknown)
  return objects.filter((object) => isMadeFor({ name }, object)).map((object) => ({ kind, object }))
}

async function allOf(api: KubeApi, record: Owner, signal: AbortSignal): Promise<readonly Part[]> {
  return (await Promise.all([keysOf(api, record, signal), nodesOf(api, record, signal)])).flat()
}

/**
 * What knest made for this cluster and no record owns, as in `Service "a-api"`: a backup brings objects without their
 * owners, an object that was deleted as an orphan leaves them so, and so does a deletion policy. What a record that is
 * gone owns is the host's to collect.
 */
export async function findOrphans(
  api: KubeApi,
  record: Owner,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return (await allOf(api, record, signal)).filter(isOrphan).map(described).sort()
}

/** Whether the record lost all that it owned, as by `kubectl delete --cascade=orphan`: its nodes are to stay. */
export async function isLetGo(api: KubeApi, record: Owner, signal: AbortSignal): Promise<boolean> {
  const parts = await (retains(record.spec) ? nodesOf : allOf)(api, record, signal)
  return parts.length > 0 && parts.every(isOrphan)
}

/** Has the record own what its deletion policy has it own, and no more; gives what it owns now. Repeatable. */
export async function adoptOrphans(
  api: KubeApi,
  record: Owner,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const isKept = retains(record.spec)
  const orphans = (await (isKept ? nodesOf : allOf)(api, record, signal)).filter(isOrphan)
  const owner = ownedBy(record.name, record.uid)
  for (const part of orphans) {
    const { ownerReferences = [] } = part.object.metadata
    await setOwners(api, part, [...ownerReferences, owner], signal)
  }
  if (isKept) await release(api, record, await keysOf(api, record, signal), signal)
  return orphans.map(described).sort()
}

/** Has keys, addresses and disks stay when the record goes. Repeatable. */
export async function releaseKept(api: KubeApi, record: Owner, signal: AbortSignal): Promise<void> {
  const kept = await Promise.all([keysOf(api, record, signal), disksOf(api, record, signal)])
  await release(api, record, kept.flat(), signal)
}

async function release(
  api: KubeApi,
  { uid }: Owner,
  parts: readonly Part[],
  signal: AbortSignal,
): Promise<void> {
  for (const part of parts) {
    const { ownerReferences = [] } = part.object.metadata
    const others = ownerReferences.filter((owner) => owner.uid !== uid)
    if (others.length < ownerReferences.length) await setOwners(api, part, others, signal)
  }
}

async function setOwners(
  api: KubeApi,
  { kind, object }: Part,
  ownerReferences: KubeObject['metadata']['ownerReferences'],
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, uid } = object.metadata
  const metadata = { ...(uid !== undefined && { uid }), ownerReferences }
  await api.patch(kind, name, namespace, { metadata }, { signal })
}

function hasVms({ spec }: Owner): boolean {
  return spec === undefined || [spec.controlPlane, ...spec.workers].some(({ backend }) => backend === 'vm')
}

function isOrphan({ object: { metadata } }: Part): boolean {
  return !(metadata.ownerReferences ?? []).some(({ kind }) => kind === nestedClusterKind.kind)
}

function described({ kind, object }: Part): string {
  return `${kind.kind} "${object.metadata.name}"`
}

function noneWhenUnknown(error: unknown): readonly KubeObject[] {
  if (error instanceof KnestError && error.code === 'not-found') return []
  throw error
}
