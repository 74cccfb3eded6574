import {
  clusterSelector,
  deleteOwn,
  deleteVolumeClaim,
  isMadeFor,
  KnestError,
  labels,
  kubectlCommand,
} from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject } from '@knest/core'
import { jobKind } from './copy-job.js'
import { dataVolumeKind, vmiKind, vmiStatus, vmKind } from './kubevirt.js'
import { copyJob, rootDisk, userdataSecret } from './names.js'
import { forgetNodeKeys } from './ssh-keys.js'

const secretKind: KindRef = { apiVersion: 'v1', kind: 'Secret' }
const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
/** A booted VM shuts down within its grace period of 30 s, and KubeVirt needs ten more; two at once, twice that. */
const goneMs = 180_000

export interface DeleteOptions {
  readonly keepData: boolean
  readonly signal: AbortSignal
}

/** Removes a node's VM, then what it used; resolves when all is gone. What is absent is already gone. */
export async function deleteVm(
  api: KubeApi,
  cluster: ClusterRef,
  node: string,
  { keepData, signal }: DeleteOptions,
): Promise<void> {
  const remove = { signal, propagationPolicy: 'Background' } as const
  await removeVm(api, cluster, node, signal)
  await Promise.all([
    deleteOwn(api, cluster, secretKind, userdataSecret(node), { signal }),
    deleteOwn(api, cluster, jobKind, copyJob(node), remove),
  ])
  if (keepData) return
  await forgetNodeKeys(api, cluster, node, signal)
  // Before its claim: CDI would make the claim again.
  await ignoreUnknownKind(deleteOwn(api, cluster, dataVolumeKind, rootDisk(node), remove))
  await deleteVolumeClaim(api, cluster, rootDisk(node), signal)
}

/** Takes a node's VM away, and nothing that it used; resolves when it is gone. */
export async function removeVm(
  api: KubeApi,
  cluster: ClusterRef,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const remove = { signal, propagationPolicy: 'Background' } as const
  await ignoreUnknownKind(deleteOwn(api, cluster, vmKind, node, remove))
  await untilGone(api, cluster, node, signal)
}

/** KubeVirt deletes VM, instance and pod one after another; the pod may outlive both. */
async function untilGone(
  api: KubeApi,
  cluster: ClusterRef,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const { namespace } = cluster
  const byName = { namespace, fieldSelector: `metadata.name=${node}` }
  // One of that name which somebody else made stays.
  const none = (found: readonly KubeObject[]): boolean => !found.some((each) => isMadeFor(cluster, each))
  const wait = (what: string) => ({
    timeoutMs: goneMs,
    signal,
    awaited: `${what} of node "${node}" in namespace "${namespace}" to be gone`,
    describe: describeStuck,
  })
  try {
    await ignoreUnknownKind(api.waitFor(vmiKind, byName, none, wait('the VMI')))
    await ignoreUnknownKind(api.waitFor(vmKind, byName, none, wait('the VM')))
  } catch (error) {
    throw stuck(error, namespace, node)
  }
  const launchers = {
    namespace,
    labelSelector: `${clusterSelector(cluster.name)},${labels.node}=${node},${labels.backend}=vm`,
  }
  await api.waitFor(podKind, launchers, none, {
    ...wait('the launcher pod'),
    describe: (pods) => pods.map(({ metadata }) => metadata.name).join(', '),
  })
}

function describeStuck([object]: readonly KubeObject[]): string {
  if (object === undefined) return 'nothing'
  const { metadata } = object
  const phase = vmiStatus(object).phase ?? 'no phase'
  const state = metadata.deletionTimestamp === undefined ? 'not being deleted' : 'being deleted'
  return `${object.kind} "${metadata.name}" is ${state}, ${phase}, with finalizers ${(metadata.finalizers ?? []).join(', ') || 'none'}`
}

/** A VMI whose set-up failed on its node may keep its finalizer for ever (seen with kernelBoot, KubeVirt 1.8). */
function stuck(error: unknown, namespace: string, node: string): unknown {
  if (!(error instanceof KnestError) || error.code !== 'timeout') return error
  return new KnestError('timeout', error.message, {
    cause: error,
    hint:
      `KubeVirt does not let it go; see: ${kubectlCommand('describe', 'vmi', '-n', namespace, node)}; when nothing runs there any more, ` +
      `${kubectlCommand('patch', 'vmi', '-n', namespace, node, ...['--type', 'merge', '-p', '{"metadata":{"finalizers":null}}'])} and delete again`,
  })
}

/** Without KubeVirt or CDI there is nothing of theirs to delete. */
async function ignoreUnknownKind(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'not-found') throw error
  }
}
