import type { ClusterRecord } from './contracts/cluster.js'
import type { ClusterStatus, ClusterSummary, NodeSummary } from './contracts/clusters.js'
import type { KubeObject } from './contracts/kubernetes.js'
import { backendsOf, makeCondition, tryNestedApi } from './converge.js'
import type { Parts } from './converge.js'
import { listNodes } from './observe.js'
import type { BackendNode } from './observe.js'
import { condition, isReady } from './steps/await-ready.js'

/** What the host alone can tell: quick, also for many clusters. */
export async function summarize(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<ClusterSummary> {
  return summary(record, await listNodes(record, await backendsOf(parts, record), signal))
}

function summary(record: ClusterRecord, nodes: readonly { role: string; ready: boolean }[]): ClusterSummary {
  const { spec } = record
  const ready = (role: string): number => nodes.filter((node) => node.role === role && node.ready).length
  const backends = [...new Set([spec.controlPlane.backend, ...spec.workers.map(({ backend }) => backend)])]
  return {
    name: record.name,
    namespace: record.namespace,
    backend: backends.join('+'),
    kubernetesVersion: spec.kubernetesVersion,
    phase: record.phase,
    controlPlane: { desired: spec.controlPlane.count, ready: ready('control-plane') },
    workers: { desired: spec.workers.reduce((sum, { count }) => sum + count, 0), ready: ready('worker') },
    podNetworkCidr: spec.network.podCidr,
    serviceCidr: spec.network.serviceCidr,
    createdAt: record.createdAt,
  }
}

/** The host's view and the nested cluster's, joined by node name. Answers also when the nested API does not. */
export async function clusterStatus(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<ClusterStatus> {
  const hostNodes = await listNodes(record, await backendsOf(parts, record), signal)
  const { members, problem } = await nestedNodes(parts, record, hostNodes, signal)
  const nodes = [
    ...hostNodes.map((node) => nodeSummary(node, members, problem)),
    ...strangers(hostNodes, members ?? []),
  ]
  const overview = summary(record, nodes)
  const allReady = nodes.length > 0 && nodes.every(({ ready }) => ready)
  const phase = record.phase === 'Ready' && !allReady ? 'Degraded' : record.phase
  const api =
    problem === undefined
      ? makeCondition('APIAvailable', 'True', 'Answers', 'the API server answers')
      : makeCondition('APIAvailable', 'False', 'NoAnswer', problem)
  return { ...overview, phase, nodes, conditions: [...record.conditions, api] }
}

async function nestedNodes(
  parts: Parts,
  record: ClusterRecord,
  hostNodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<{ readonly members: readonly KubeObject[] | undefined; readonly problem: string | undefined }> {
  const api = await tryNestedApi(parts, record, hostNodes, signal)
  if (api === undefined) return { members: undefined, problem: 'no control plane is ready' }
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(10_000)])
    return {
      members: await api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: bounded }),
      problem: undefined,
    }
  } catch (error) {
    signal.throwIfAborted()
    return { members: undefined, problem: error instanceof Error ? error.message : String(error) }
  } finally {
    api.close()
  }
}

function nodeSummary(
  node: BackendNode,
  members: readonly KubeObject[] | undefined,
  problem: string | undefined,
): NodeSummary {
  const member = members?.find(({ metadata }) => metadata.name === node.name)
  const ready = node.phase === 'running' && member !== undefined && isReady(member)
  return {
    name: node.name,
    role: node.role,
    ready,
    ip: node.ip,
    backend: node.backend.name,
    hostObject: node.hostObject,
    hostNode: node.hostNode,
    reason: ready ? undefined : (node.reason ?? problem ?? memberReason(member)),
  }
}

function memberReason(member: KubeObject | undefined): string {
  if (member === undefined) return 'has not joined the cluster'
  return condition(member, 'Ready')?.message ?? 'has not reported yet'
}

/** Nodes that joined by other ways than knest. */
function strangers(
  hostNodes: readonly BackendNode[],
  members: readonly KubeObject[],
): readonly NodeSummary[] {
  return members
    .filter(({ metadata }) => !hostNodes.some(({ name }) => name === metadata.name))
    .map((member) => ({
      name: member.metadata.name,
      role:
        member.metadata.labels?.['node-role.kubernetes.io/control-plane'] === undefined
          ? 'worker'
          : 'control-plane',
      ready: isReady(member),
      ip: undefined,
      backend: 'pod',
      hostObject: '',
      hostNode: undefined,
      reason: 'the host has no such node',
    }))
}
