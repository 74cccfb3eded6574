import {
  anySignal,
  applyOwn,
  volumeClaimKind,
  KnestError,
  ownedBy,
  parseBytes,
  refuseForeign,
  podTrouble,
} from '@knest/core'
import type { KindRef, KubeApi, KubeObject, NodeSpec } from '@knest/core'
import { copiesTo, copyImageJob, jobKind, populated } from './copy-job.js'
import { vmHosts } from './copy-placement.js'
import { removeVm } from './delete-vm.js'
import { dataVolumeKind, findCondition, vmKind, type Condition } from './kubevirt.js'
import { vmLabels, type RootVolume } from './manifest.js'
import { copyJob, rootDisk } from './names.js'

const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }

/** CDI is there when the host knows its kind. */
export async function hasDataVolumes(api: KubeApi, signal: AbortSignal): Promise<boolean> {
  const answer = await api.raw('/apis/cdi.kubevirt.io/v1beta1', signal)
  return answer.status === 200
}

export interface DiskWait {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Makes the disk of a persistent node, or adopts the one that is there. A DataVolume is left to CDI, which
 * may wait for the VM; without CDI a Job fills a claim, and is waited for.
 */
export async function ensureRootDisk(api: KubeApi, spec: NodeSpec, wait: DiskWait): Promise<RootVolume> {
  if (!spec.persistent) return 'image'
  const { signal } = wait
  const { namespace } = spec.cluster
  const name = rootDisk(spec.name)
  const claim = await api.get(volumeClaimKind, name, namespace, signal)
  const withCdi = await hasDataVolumes(api, signal)
  const volume = withCdi ? await api.get(dataVolumeKind, name, namespace, signal) : undefined
  if (volume !== undefined) {
    await refuseForeign(api, [dataVolume(spec)], signal)
    return 'data-volume'
  }
  // CDI's own garbage collection leaves a filled claim without its DataVolume.
  if (claim !== undefined) await refuseForeign(api, [diskClaim(spec)], signal)
  if (claim !== undefined && isFilled(claim)) return 'claim'
  // A VM whose claim was deleted would be started on the new one at once, and KubeVirt puts an empty disk on it.
  if ((await api.get(vmKind, spec.name, namespace, signal)) !== undefined)
    await removeVm(api, spec.cluster, spec.name, signal)
  if (claim === undefined && withCdi) {
    await applyOwn(api, dataVolume(spec), { signal })
    return 'data-volume'
  }
  if (claim === undefined) await applyOwn(api, diskClaim(spec), { signal })
  await fillClaim(api, spec, wait)
  return 'claim'
}

/**
 * Stands alone and is not one of the VM's `dataVolumeTemplates`: those go with the VM, and a kept disk must
 * not. `pullMethod: node` takes the image from where pods get theirs, with the same credentials.
 */
function dataVolume(spec: NodeSpec): KubeObject {
  return {
    ...dataVolumeKind,
    metadata: {
      ...diskMetadata(spec),
      annotations: { 'cdi.kubevirt.io/storage.deleteAfterCompletion': 'false' },
    },
    spec: {
      source: { registry: { url: `docker://${spec.vmImage ?? ''}`, pullMethod: 'node' } },
      storage: { accessModes: ['ReadWriteOnce'], ...storage(spec, spec.machine.rootfsSize) },
    },
  }
}

/** A claim for a file of the wished size: a file system keeps some of a volume for itself. */
function diskClaim(spec: NodeSpec): KubeObject {
  return {
    ...volumeClaimKind,
    metadata: diskMetadata(spec),
    spec: {
      accessModes: ['ReadWriteOnce'],
      volumeMode: 'Filesystem',
      ...storage(spec, withOverhead(spec.machine.rootfsSize)),
    },
  }
}

/** CDI's default for file systems is 5.5 %. */
const overhead = 1.06

function withOverhead(size: string): string {
  const mebibyte = 2 ** 20
  return `${Math.ceil((parseBytes(size) * overhead) / mebibyte)}Mi`
}

function storage(spec: NodeSpec, size: string): Record<string, unknown> {
  return {
    ...(spec.storageClass === undefined ? {} : { storageClassName: spec.storageClass }),
    resources: { requests: { storage: size } },
  }
}

/** Owned by the record, which stays when data is kept, and not by the VM. */
function diskMetadata(spec: NodeSpec): KubeObject['metadata'] {
  return {
    name: rootDisk(spec.name),
    namespace: spec.cluster.namespace,
    labels: vmLabels(spec),
    ownerReferences: [ownedBy(spec.cluster.name, spec.clusterUid)],
  }
}

function isFilled(claim: KubeObject): boolean {
  return claim.metadata.annotations?.[populated] === 'true' || isOfCdi(claim)
}

function isOfCdi({ metadata }: KubeObject): boolean {
  return metadata.annotations?.['cdi.kubevirt.io/storage.pod.phase'] === 'Succeeded'
}

interface JobStatus {
  readonly succeeded?: number
  readonly conditions?: readonly Condition[]
}

/** Repeatable: the copy ends at once when the file is there. A job that failed before is made again. */
async function fillClaim(api: KubeApi, spec: NodeSpec, { timeoutMs, signal }: DiskWait): Promise<void> {
  const { namespace } = spec.cluster
  const name = copyJob(spec.name)
  await startJob(api, copyImageJob(spec, await vmHosts(api, signal)), { timeoutMs, signal })
  const ended = new AbortController()
  const watching = anySignal(signal, ended.signal)
  let trouble = ''
  const onlooker = api
    .waitFor(
      podKind,
      { namespace, labelSelector: `${copiesTo}=${rootDisk(spec.name)}` },
      (pods) => {
        trouble = pods.map(podTrouble).filter(Boolean).join('; ') || trouble
        return false
      },
      { timeoutMs, signal: watching, awaited: 'pods', describe: () => '' },
    )
    .catch(() => undefined)
  const job = { namespace, fieldSelector: `metadata.name=${name}` }
  const remove = () => api.delete(jobKind, name, namespace, { signal, propagationPolicy: 'Background' })
  try {
    const [found] = await api.waitFor(jobKind, job, ([seen]) => isOver(seen), {
      timeoutMs,
      signal,
      awaited: `job "${name}" in namespace "${namespace}" to copy the VM image to the disk`,
      describe: (seen) => trouble || (seen.length === 0 ? 'no job yet' : 'it is at work'),
    })
    if (hasFailed(found)) {
      await remove()
      throw new KnestError(
        'prerequisite',
        `the disk of node "${spec.name}" could not be filled: ${trouble || 'the copy failed'}`,
        {
          hint: 'correct what it names, then run the same command again',
        },
      )
    }
  } finally {
    ended.abort()
    await onlooker
  }
  const done = { metadata: { annotations: { [populated]: 'true' } } }
  await api.patch(volumeClaimKind, rootDisk(spec.name), namespace, done, { signal })
  await remove()
}

/** A job's pods cannot be changed: one that was begun otherwise goes first. */
async function startJob(api: KubeApi, job: KubeObject, { timeoutMs, signal }: DiskWait): Promise<void> {
  const { name, namespace } = job.metadata
  try {
    await applyOwn(api, job, { signal })
    return
  } catch (error) {
    const before = await api.get(jobKind, name, namespace, signal)
    if (!(error instanceof KnestError) || error.code !== 'config' || before === undefined) throw error
  }
  await api.delete(jobKind, name, namespace, { signal, propagationPolicy: 'Foreground' })
  const one = { namespace, fieldSelector: `metadata.name=${name}` }
  await api.waitFor(jobKind, one, (found) => found.length === 0, {
    timeoutMs,
    signal,
    awaited: `job "${name}" in namespace "${namespace ?? ''}" to be gone`,
    describe: () => 'it is being deleted',
  })
  await applyOwn(api, job, { signal })
}

function isOver(job: KubeObject | undefined): boolean {
  return (jobStatus(job).succeeded ?? 0) > 0 || hasFailed(job)
}

function hasFailed(job: KubeObject | undefined): boolean {
  return findCondition(jobStatus(job), 'Failed')?.status === 'True'
}

function jobStatus(job: KubeObject | undefined): JobStatus {
  return (job?.status ?? {}) as JobStatus
}
