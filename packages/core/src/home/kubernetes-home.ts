import { clusterCommand, knestCommand } from '../commands.js'
import type { ClusterHome, HomeFacts } from '../contracts/cluster-home.js'
import type { ClusterRecord, ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { SettingsChange } from '../contracts/kubernetes-settings.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError, unlessForbidden } from '../errors.js'
import { isTemporary } from '../kube/temporary.js'
import { admissionProblems } from '../admission/index.js'
import { takenProblems } from '../backend-support/index.js'
import { deleteOwn } from '../ownership.js'
import type { SpecFields } from '../spec/old-spellings.js'
import { apiUrls, chooseServiceType } from './api-urls.js'
import { inPlaceOfBinding, removeControllerBinding } from './controller-binding.js'
import { controllerRights } from './controller-rights.js'
import { ensureCrd, ensureServed, removeCrdIfUnused } from './crd.js'
import { readData } from './read-data.js'
import { removeFinalizer } from './finalizer.js'
import { inspectHost, placeProblems } from './inspect.js'
import { LeaseWatch } from './lease-watch.js'
import { hostQuestions } from './host-questions.js'
import { hostLogParts } from './log-parts.js'
import { acquireLock, clusterLock } from './lock.js'
import { endOfNamespace, ensureNamespace, removeNamespace } from './namespace.js'
import { adoptOrphans, findOrphans, isLetGo, releaseKept } from './orphans.js'
import { foreignObjects, removeOwnObjects } from './own-objects.js'
import { ownObjectsToBe } from './own-objects-to-be.js'
import {
  cleanupFinalizer,
  nestedClusterKind,
  recordFromObject,
  recordObject,
  recordOrFailure,
  retains,
} from './record.js'
import { madeSpecPatch } from './made-spec.js'
import { keptReplicas } from './replicas.js'
import { statusToWrite } from './record-status.js'
import { readAuthorities, readKubeconfig, saveAuthorities, saveKubeconfig } from './secrets.js'
import { ensureServices } from './services.js'
import { writeRecord } from './write-record.js'

const v1 = (kind: string): KindRef => ({ apiVersion: 'v1', kind })

/** The home of clusters with pod and VM nodes: objects of the host cluster, and nothing else. */
export function createKubernetesHome(
  api: KubeApi,
  { contextNamespace }: Pick<ClusterHome, 'contextNamespace'> = {},
): ClusterHome {
  // A controller looks only now and then, and gives up at once.
  const leases = new LeaseWatch()
  const read = async (ref: ClusterRef, signal: AbortSignal): Promise<ClusterRecord | undefined> => {
    const object = await api.get(nestedClusterKind, ref.name, ref.namespace, signal)
    return object === undefined ? undefined : recordFromObject(object)
  }

  const patchStatus = (
    { name, namespace }: ClusterRef,
    status: object,
    signal: AbortSignal,
    resourceVersion?: string,
  ): Promise<KubeObject> => {
    const patch = { status, ...(resourceVersion !== undefined && { metadata: { resourceVersion } }) }
    return api.patch(nestedClusterKind, name, namespace, patch, { signal, subresource: 'status' })
  }

  /** Lets go of an object that the host deletes as soon as nothing of the cluster is left. */
  const removeFinalizerOf = async (ref: ClusterRef, signal: AbortSignal): Promise<void> => {
    const object = await api
      .get(nestedClusterKind, ref.name, ref.namespace, signal)
      .catch((error: unknown) => void emptyWhenUnknown(error))
    await removeFinalizer(api, object, signal)
  }

  /** Takes back what let the controller in for a cluster that was refused; that it cannot be is told by nobody. */
  const removeBindingOfNone = async (ref: ClusterRef, signal: AbortSignal): Promise<void> => {
    try {
      const object = await api.get(nestedClusterKind, ref.name, ref.namespace, signal)
      if (object === undefined) await removeControllerBinding(api, ref, signal)
    } catch (error) {
      if (!(error instanceof KnestError)) throw error
    }
  }

  return {
    description: api.description,
    contextNamespace,

    inspect: async (spec, ref, signal): Promise<HomeFacts> => {
      const [facts, serviceType] = await Promise.all([
        inspectHost(api, ref, signal),
        chooseServiceType(api, signal),
      ])
      return { ...facts, serviceType }
    },

    tryObjects: async (spec, ref, nodes, signal, existing) => {
      const objects = [...ownObjectsToBe(ref, spec, existing), ...nodes]
      const [{ problems, there }, binding, place] = await Promise.all([
        admissionProblems(api, ref, objects, signal),
        // Whoever may not make it does not, so it is not tried.
        inPlaceOfBinding(api, ref, signal),
        // A create looks at it by itself, and makes its own namespace right.
        existing === undefined ? [] : placeProblems(api, ref, signal),
      ])
      const found = new Map([...there, ...(binding === undefined ? [] : [[binding, binding] as const])])
      return [...place, ...takenProblems(ref, foreignObjects(ref, found), existing), ...problems]
    },

    list: async (namespace, signal) => {
      const objects = await api.list(nestedClusterKind, { namespace, signal }).catch(emptyWhenUnknown)
      return objects.map(recordOrFailure)
    },

    read,

    create: async (ref, spec, signal, more) => {
      await Promise.all([ensureNamespace(api, ref, signal), ensureServed(api, ref, signal)])
      await more?.placed?.(signal)
      const write = (object: KubeObject): Promise<KubeObject> => api.create(object, { signal, strict: true })
      try {
        return recordFromObject(await writeRecord(api, recordObject(ref, spec, more?.labels), write, signal))
      } catch (error) {
        // Of one whose answer was lost the object may be there.
        if (more?.placed !== undefined && !isTemporary(error) && !signal.aborted)
          await removeBindingOfNone(ref, signal)
        throw error
      }
    },

    update: async (record, spec: ClusterSpec, signal) => {
      // A CRD of an older knest does not know the phase of an upgrade.
      if (record.spec.kubernetesVersion !== spec.kubernetesVersion)
        // Who may change clusters need not be allowed to change what the host knows of them.
        await ensureCrd(api, signal).catch(unlessForbidden)
      const current = await api.get(nestedClusterKind, record.name, record.namespace, signal)
      const wanted = keptReplicas(recordObject(record, spec), current)
      const metadata = { ...(current ?? wanted).metadata, resourceVersion: record.version }
      const write = (object: KubeObject): Promise<KubeObject> => api.replace(object, { signal, strict: true })
      const updated = await writeRecord(api, { ...wanted, metadata }, write, signal)
      if (isOtherPolicy(record.spec, spec)) await adoptOrphans(api, { ...record, spec }, signal)
      if (record.desiredSpec === undefined) return recordFromObject(updated)
      // Killed in between, the controller takes the difference for the change that it is.
      const patched = await patchStatus(
        record,
        { spec: madeSpecPatch(current, updated.spec as SpecFields) },
        signal,
      )
      return { ...recordFromObject(patched), generation: updated.metadata.generation }
    },

    accept: async (record, spec, signal) => {
      const current = await api.get(nestedClusterKind, record.name, record.namespace, signal)
      const finalizers = [...new Set([...(current?.metadata.finalizers ?? []), cleanupFinalizer])]
      const metadata = { finalizers, resourceVersion: record.version }
      await api.patch(nestedClusterKind, record.name, record.namespace, { metadata }, { signal })
      if (isOtherPolicy(record.spec, spec)) await adoptOrphans(api, { ...record, spec }, signal)
      const accepted = madeSpecPatch(current, recordObject(record, spec).spec as SpecFields)
      // Somebody may have asked for something else since.
      return {
        ...recordFromObject(await patchStatus(record, { spec: accepted }, signal)),
        generation: record.generation,
      }
    },

    setStatus: async (record, status, signal, version) => {
      // A definition of an older knest would drop them without a word.
      if (status.images !== undefined) await ensureCrd(api, signal).catch(unlessForbidden)
      const stored = await api.get(nestedClusterKind, record.name, record.namespace, signal)
      await patchStatus(record, statusToWrite(stored, record, status), signal, version)
    },
    noteSettings: async (ref, change, signal, version) => {
      // As of images.
      await ensureCrd(api, signal).catch(unlessForbidden)
      const { before = null, refused = null } = change ?? {}
      const settings = change === undefined ? null : { before, refused }
      const { status, metadata } = await patchStatus(ref, { settings }, signal, version)
      const kept = (status as { settings?: SettingsChange } | undefined)?.settings
      if (change === undefined || kept !== undefined) return metadata.resourceVersion ?? ''
      throw new KnestError(
        'prerequisite',
        "the resource definition of the host is an older knest's, which does not keep how far a change of settings has come",
        {
          hint: `have an admin put that of this version there: ${knestCommand('host', 'install', 'controller')}`,
        },
      )
    },
    uidOf: async ({ kind, namespace, name }, signal) =>
      (await api.get(v1(kind), name, namespace, signal))?.metadata.uid,
    logParts: (ref) => hostLogParts(api, ref),
    hostQuestions: (ref) => hostQuestions(api, ref),
    orphans: (record, signal) => findOrphans(api, record, signal),
    adopt: (record, signal) => adoptOrphans(api, record, signal),
    isLetGo: (record, signal) => isLetGo(api, record, signal),
    controllerRights: controllerRights(api),

    readAuthorities: (ref, signal) => readAuthorities(api, ref, signal),
    saveAuthorities: (record, authorities, signal) => saveAuthorities(api, record, authorities, signal),
    saveKubeconfig: (record, kubeconfig, signal) => saveKubeconfig(api, record, kubeconfig, signal),
    readKubeconfig: (ref, signal) => readKubeconfig(api, ref, signal),
    readData: (kind, name, namespace, signal) => readData(api, { kind, name, namespace }, signal),

    ensureAddresses: (record, nodes, signal) => ensureServices(api, record, nodes, signal),
    releaseAddress: async (ref, node, signal) => {
      await deleteOwn(api, ref, v1('Service'), node, { signal })
    },
    apiUrls: (record, signal) => apiUrls(api, record, signal),

    lock: (ref, signal, onWait, { preemptible = false } = {}) =>
      acquireLock(api, { ...clusterLock(ref), preemptible }, signal, onWait, leases),

    placeAfter: async (ref, signal) => {
      const { gone, why } = await endOfNamespace(api, ref, signal)
      return gone ? `Delete namespace "${ref.namespace}", which was made for it` : why
    },

    retain: async (record, signal) => {
      await releaseKept(api, record, signal)
      await api.delete(nestedClusterKind, record.name, record.namespace, { signal }).catch(emptyWhenUnknown)
      await removeControllerBinding(api, record, signal)
      await removeFinalizerOf(record, signal)
    },

    remove: async (ref, { signal, note, isRecordGone = false, wasAbsent = false }) => {
      const isThere = async (): Promise<boolean> =>
        (await api.get(nestedClusterKind, ref.name, ref.namespace, signal)) !== undefined
      const hasRecord = await isThere()
      const isGone = isRecordGone || wasAbsent
      // Somebody makes it again, or does so while this looks at what is left.
      if (isGone && hasRecord) return
      const isMeant = async (): Promise<boolean> => !isGone || !(await isThere())
      const left = hasRecord ? [] : await findOrphans(api, { ...ref, uid: '' }, signal)
      if (left.length > 0) {
        await removeOwnObjects(api, ref, hasRecord, signal, isMeant)
        note?.(whatIsLeft(ref, left))
        return
      }
      // Once the host deletes the namespace, everything in it goes, whatever becomes of this process.
      const letGo = (): Promise<void> => removeFinalizerOf(ref, signal)
      const { gone, why } = await removeNamespace(api, ref, letGo, signal, isMeant)
      if (gone) {
        await removeCrdIfUnused(api, signal)
        return
      }
      if (isRecordGone) return

      await removeOwnObjects(api, ref, hasRecord, signal, isMeant)
      // The record goes last: as long as it is there, the same delete can be run again.
      if (!wasAbsent)
        await api.delete(nestedClusterKind, ref.name, ref.namespace, { signal }).catch(emptyWhenUnknown)
      if (!(await isMeant())) return
      await removeControllerBinding(api, ref, signal)
      if (!wasAbsent) await removeFinalizerOf(ref, signal)
      await removeCrdIfUnused(api, signal)
      if (why !== undefined) note?.(why)
    },
  }
}

/** Of a cluster whose record went without them, by its deletion policy or as orphans. */
function whatIsLeft({ name, namespace }: ClusterRef, left: readonly string[]): string {
  const again = clusterCommand('create', { name, namespace })
  return `what cluster "${name}" left in namespace "${namespace}" stays (${left.join(', ')}): ${again}, with its settings, has it again`
}

/** Owners follow the policy: without a controller they are what keeps anything. */
function isOtherPolicy(one: ClusterSpec, other: ClusterSpec): boolean {
  return retains(one) !== retains(other)
}

function emptyWhenUnknown(error: unknown): readonly [] {
  if (error instanceof KnestError && error.code === 'not-found') return []
  throw error
}
