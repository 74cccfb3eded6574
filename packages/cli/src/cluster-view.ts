import type { ClusterCondition, ClusterStatus, ClusterSummary, NodeSummary } from '@knest/core'
import { age } from './age.js'
import { renderTable } from './render/table.js'

/** A cluster as `-o json` shows it. The fields are a promise to scripts. */
export function clusterView(cluster: ClusterSummary, now: Date): Record<string, unknown> {
  const { name, namespace, backend, kubernetesVersion, phase, podNetworkCidr, serviceCidr } = cluster
  return {
    name,
    namespace,
    backend,
    kubernetesVersion,
    phase,
    controlPlane: { desired: cluster.controlPlane.desired, ready: cluster.controlPlane.ready },
    workers: { desired: cluster.workers.desired, ready: cluster.workers.ready },
    podNetworkCidr,
    serviceCidr,
    age: age(cluster.createdAt, now),
  }
}

export function statusView(status: ClusterStatus, now: Date): Record<string, unknown> {
  return {
    ...clusterView(status, now),
    nodes: status.nodes.map(nodeView),
    conditions: status.conditions.map(conditionView),
  }
}

export function clusterTable(clusters: readonly ClusterSummary[], now: Date, wide: boolean): string {
  const headers = ['NAME', 'NAMESPACE', 'BACKEND', 'VERSION', 'PHASE', 'CONTROL-PLANE', 'WORKERS', 'AGE']
  return renderTable(
    wide ? [...headers, 'POD-CIDR', 'SERVICE-CIDR'] : headers,
    clusters.map((cluster) => [
      cluster.name,
      cluster.namespace,
      cluster.backend,
      cluster.kubernetesVersion,
      cluster.phase,
      `${cluster.controlPlane.ready}/${cluster.controlPlane.desired}`,
      `${cluster.workers.ready}/${cluster.workers.desired}`,
      age(cluster.createdAt, now),
      cluster.podNetworkCidr,
      cluster.serviceCidr,
    ]),
  )
}

export function nodeTable(nodes: readonly NodeSummary[]): string {
  return renderTable(
    ['NODE', 'ROLE', 'READY', 'IP', 'ON', 'HOST-NODE', 'REASON'],
    nodes.map((node) => [
      node.name,
      node.role,
      node.ready ? 'yes' : 'no',
      node.ip ?? '<none>',
      `${node.backend}/${node.hostObject}`,
      node.hostNode ?? '<none>',
      node.reason ?? '',
    ]),
  )
}

export function conditionTable(conditions: readonly ClusterCondition[], now: Date): string {
  return renderTable(
    ['CONDITION', 'STATUS', 'SINCE', 'REASON', 'MESSAGE'],
    conditions.map((condition) => [
      condition.type,
      condition.status,
      age(condition.lastTransitionTime, now),
      condition.reason,
      condition.message,
    ]),
  )
}

function nodeView(node: NodeSummary): Record<string, unknown> {
  return {
    name: node.name,
    role: node.role,
    ready: node.ready,
    ip: node.ip ?? null,
    [node.backend === 'vm' ? 'hostVm' : 'hostPod']: node.hostObject,
    hostNode: node.hostNode ?? null,
    reason: node.reason ?? null,
  }
}

function conditionView(condition: ClusterCondition): Record<string, unknown> {
  const { type, status, reason, message, lastTransitionTime } = condition
  return { type, status, reason, message, lastTransitionTime }
}
