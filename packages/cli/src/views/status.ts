import type { CertificateEnd, ClusterCondition, ClusterStatus, NodeSummary } from 'knest'
import { clusterView } from './clusters.js'

/** A cluster's status as `-o json` shows it: docs/status.md. The fields are a promise to scripts. */
export function statusView(status: ClusterStatus, now: Date): Record<string, unknown> {
  const { etcd, certificates } = status
  return {
    ...clusterView(status, now),
    nodes: status.nodes.map(nodeView),
    etcd: {
      members: etcd.members.map(({ id, name, healthy, leader, learner, dbSizeBytes, alarms }) => ({
        id,
        name,
        healthy,
        leader,
        learner,
        dbSizeBytes: dbSizeBytes ?? null,
        ...(alarms === undefined ? {} : { alarms }),
      })),
      problem: etcd.problem ?? null,
    },
    certificates: {
      earliest: certificates.earliest === undefined ? null : endView(certificates.earliest),
      endSoon: certificates.endSoon,
      renewBeforeDays: certificates.renewBeforeDays,
      unfinished: certificates.unfinished,
      problems: certificates.problems,
    },
    conditions: status.conditions.map(conditionView),
    problems: status.problems.map(({ message, hint }) => ({ message, hint })),
  }
}

function nodeView(node: NodeSummary): Record<string, unknown> {
  return {
    name: node.name,
    role: node.role,
    ready: node.ready,
    status: node.status,
    version: node.version ?? null,
    ip: node.ip ?? null,
    disk: node.disk ?? null,
    addressKept: node.addressKept ?? null,
    reservation:
      node.reservation === undefined ? null : { ip: node.reservation.ip, mac: node.reservation.mac },
    [node.backend === 'vm' ? 'hostVm' : 'hostPod']: node.hostObject ?? null,
    hostNode: node.hostNode ?? null,
    reason: node.reason ?? null,
  }
}

function endView({ node, name, expires, daysLeft }: CertificateEnd): Record<string, unknown> {
  return { node: node ?? null, name, expires, daysLeft }
}

function conditionView(condition: ClusterCondition): Record<string, unknown> {
  const { type, status, reason, message, lastTransitionTime } = condition
  return { type, status, reason, message, lastTransitionTime }
}
