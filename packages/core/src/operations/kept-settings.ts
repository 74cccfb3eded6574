import { clusterCommand } from '../commands.js'
import type { ClusterRecord, ClusterSpec } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import type { Problem } from '../errors.js'
import { keptFaults, type KeptConfiguration } from '../kubeadm/kept-configuration.js'
import { initConfiguration } from '../kubeadm/config.js'
import { readKeptConfiguration } from '../kubeadm/read-kept.js'
import { changedStaticPods, someAddress } from '../kubeadm/written-static-pods.js'
import { patchesDirectory } from '../kubeadm/static-pod-patches.js'
import { areSameSettings } from '../kubeadm/settings-digest.js'
import { tryNestedApi } from '../nested-api/try-open.js'
import { readNodeState } from '../node/node-state.js'
import { listNodes } from '../observe/list-nodes.js'
import { openDeadline } from '../signals.js'
import { backendsOf, timeoutFactorOf } from '../observe/backends.js'

const patienceMs = 60_000

/**
 * What an upgrade, or a change of settings, would meet of its user's settings, found out before anything is changed: an error for what cannot
 * be taken over, a warning for what kubeadm writes anew. Nothing where the cluster gives no answer: then its nodes
 * keep what they have until it does.
 */
export async function settingsProblems(
  parts: Parts,
  record: ClusterRecord,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const isSameVersion = spec.kubernetesVersion === record.spec.kubernetesVersion
  if (isSameVersion && areSameSettings(spec.kubernetes, record.spec.kubernetes)) return []
  const nodes = await listNodes(record, await backendsOf(parts, record), signal)
  const limit = openDeadline(signal, patienceMs, () => new KnestError('timeout', 'the nodes gave no answer'))
  const patience = limit.signal
  try {
    const kept = await keptBy(parts, record, nodes, patience)
    if (kept === undefined) return []
    const faults = keptFaults(kept, record.spec)
    if (faults.length > 0)
      return faults.map((message) => ({ severity: 'error', message, hint: editIt(record) }))
    return await overwritten(parts, record, nodes, kept, patience)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError) return []
    throw error
  } finally {
    limit.clear()
  }
}

function editIt(ref: ClusterRecord): string {
  const edit = ['--', 'kubectl', 'edit', 'configmap', 'NAME', '--namespace', 'kube-system']
  return `put it right: ${clusterCommand('shell', ref, ...edit)}`
}

async function keptBy(
  parts: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<KeptConfiguration | undefined> {
  const api = await tryNestedApi(parts, record, nodes, signal)
  if (api === undefined) return undefined
  try {
    return await readKeptConfiguration(api, signal)
  } finally {
    api.close()
  }
}

/** What was changed in files that kubeadm writes anew, and nowhere that it reads. */
async function overwritten(
  parts: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  kept: KeptConfiguration,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (kept.cluster === undefined) return []
  const timeoutFactor = await timeoutFactorOf(parts, record)
  const look = async ({ name, backend }: BackendNode): Promise<readonly Problem[]> => {
    const node = await backend.openNode(record, name, signal)
    const { disk, version, upgrading } = await readNodeState(node, signal)
    if (disk !== 'bootstrapped' || upgrading || version !== record.spec.kubernetesVersion) return []
    const configuration = initConfiguration({
      ref: record,
      spec: record.spec,
      node: name,
      addresses: { ...noAddresses, identities: new Map([[name, someAddress]]) },
      cgroupDriver: backend.features.cgroupDriver,
      timeoutFactor,
      patches: patchesDirectory,
      kept,
    })
    const changed = await changedStaticPods(node, configuration, signal)
    return [...changed].map(([pod, changes]) => ({
      severity: 'warning',
      message: `static pod "${pod}" of node "${name}" was changed by hand and is written anew: ${changes.join(', ')}`,
      hint: `what is in ConfigMap "kube-system/kubeadm-config" or ${patchesDirectory} of the node is kept`,
    }))
  }
  const controlPlanes = nodes.filter(({ role, phase }) => role === 'control-plane' && phase === 'running')
  const looked = await Promise.allSettled(controlPlanes.map(look))
  signal.throwIfAborted()
  return looked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
}

const noAddresses = { controlPlaneEndpoint: '', certificateNames: [], peerNames: [], hosts: [] }
