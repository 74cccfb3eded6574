import { knestCommand } from '../commands.js'
import type {
  ClusterCondition,
  ClusterPhase,
  ClusterRecord,
  ClusterRef,
  ClusterSpec,
} from '../contracts/cluster.js'
import type { LoadedImage } from '../contracts/images.js'
import type { SettingsChange } from '../contracts/kubernetes-settings.js'
import type { KindRef, KubeObject, OwnerReference } from '../contracts/kubernetes.js'
import { makeCondition } from '../contracts/condition.js'
import { KnestError, PreflightError, type Problem } from '../errors.js'
import { labels, managedByKnest } from '../labels.js'
import { specFromObject, toManifest } from '../spec/index.js'

export const nestedClusterKind: KindRef = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }

/** Keeps the object of a cluster that a controller looks after until all of the cluster is gone. */
export const cleanupFinalizer = 'knest.dev/cleanup'

export function recordObject(
  ref: ClusterRef,
  spec: ClusterSpec,
  more: Readonly<Record<string, string>> = {},
): KubeObject {
  const manifest = toManifest(ref, spec)
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      labels: { ...more, [labels.cluster]: ref.name, [labels.managedBy]: managedByKnest },
    },
  }
}

export function recordFromObject(object: KubeObject): ClusterRecord {
  const { metadata } = object
  const status = object.status as
    | {
        phase?: ClusterPhase
        conditions?: readonly ClusterCondition[]
        spec?: unknown
        observedGeneration?: number
        images?: readonly LoadedImage[]
        settings?: SettingsChange
      }
    | undefined
  refusePruned(object)
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    ...(status?.spec === undefined ? { spec: specFromObject(object) } : specsOf(object, status.spec)),
    declared: metadata.labels?.[labels.managedBy] !== managedByKnest,
    deletedAt: metadata.deletionTimestamp,
    ...((metadata.finalizers ?? []).includes('orphan') && { isOrphaning: true }),
    phase: metadata.deletionTimestamp === undefined ? (status?.phase ?? 'Creating') : 'Deleting',
    conditions: status?.conditions ?? [],
    ...(metadata.labels !== undefined && { labels: metadata.labels }),
    createdAt: metadata.creationTimestamp ?? '',
    uid: metadata.uid ?? '',
    version: metadata.resourceVersion ?? '',
    ...(status?.images !== undefined && { images: status.images }),
    ...(status?.settings !== undefined && { settings: status.settings }),
    ...(metadata.generation !== undefined && { generation: metadata.generation }),
    ...(status?.observedGeneration !== undefined && { observedGeneration: status.observedGeneration }),
  }
}

/** A mistake in what an object asks for now is no reason not to look after the cluster that it has. */
function specsOf(
  object: KubeObject,
  accepted: unknown,
): Pick<ClusterRecord, 'spec' | 'desiredSpec' | 'desiredProblems'> {
  const spec = specFromObject({ ...object, spec: accepted })
  try {
    return { spec, desiredSpec: specFromObject(object) }
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    const { deletionPolicy } = object.spec as { readonly deletionPolicy?: unknown }
    // Whatever else it asks for, disks that shall stay do.
    const kept = deletionPolicy === 'Retain' && { deletionPolicy: 'Retain' as const }
    return { spec, desiredSpec: { ...spec, ...kept }, desiredProblems: problemsOf(error) }
  }
}

function problemsOf({ message, hint = 'correct it', cause }: KnestError): readonly Problem[] {
  return cause instanceof PreflightError ? cause.problems : [{ severity: 'error', message, hint }]
}

/**
 * Commands write both ranges. An object without the one that only newer definitions have is seen through the
 * definition of an older knest, and what it does not show must not be taken for a default.
 */
function refusePruned({ kind, metadata, spec }: KubeObject): void {
  const { network } = (spec ?? {}) as { network?: { podNetworkCidr?: unknown; serviceCidr?: unknown } }
  if (metadata.labels?.[labels.managedBy] !== managedByKnest) return
  if (!Array.isArray(network?.serviceCidr) || network.podNetworkCidr !== undefined) return
  throw new KnestError(
    'config',
    `${kind} "${metadata.namespace ?? ''}/${metadata.name}" cannot be read: an older knest has put its resource definition on the host, which hides the pod network range`,
    {
      hint: `put the one of this version there, with ${knestCommand('host', 'install', 'controller')}, and use no older knest on this host`,
    },
  )
}

/**
 * The same for a list: an object that nobody can read, as when it was applied with a mistake in it, must not hide
 * the others. It has failed, and its condition says why.
 */
export function recordOrFailure(object: KubeObject): ClusterRecord {
  try {
    return recordFromObject(object)
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    const unread = recordFromObject({ ...object, spec: {}, status: {} })
    const conditions = [makeCondition('Accepted', 'False', 'Unreadable', error.message)]
    return { ...unread, phase: 'Failed', conditions }
  }
}

/** Makes an object go when the cluster's record goes. */
export function ownedBy(cluster: string, uid: string): OwnerReference {
  return { ...nestedClusterKind, name: cluster, uid, controller: false, blockOwnerDeletion: false }
}

/** Owners of what a deletion policy is about: what nobody owns stays, also where no controller looks. */
export function keptOwners({ name, uid, spec }: KeptRecord): readonly OwnerReference[] {
  return retains(spec) ? [] : [ownedBy(name, uid)]
}

export function retains(spec: Pick<ClusterSpec, 'deletionPolicy'> | undefined): boolean {
  return spec?.deletionPolicy === 'Retain'
}

export type KeptRecord = Pick<ClusterRecord, 'name' | 'namespace' | 'uid'> &
  Partial<Pick<ClusterRecord, 'spec'>>
