import type {
  CertificateStatus,
  ClusterCondition,
  ClusterStatus,
  EtcdStatus,
  NodeSummary,
  Problem,
} from 'knest'
import { age } from './age.js'
import { byteSize } from './byte-size.js'
import { clusterTable } from './clusters.js'
import { renderTable } from '../render/table.js'

/** A cluster's status for people: sections with a blank line between, what is wrong at the end. */
export function statusText(status: ClusterStatus, now: Date, wide: boolean): string {
  const sections = [
    clusterTable([status], now, { wide: true }),
    nodeTable(status.nodes, wide),
    etcdText(status.etcd),
    certificateText(status.certificates),
    status.conditions.length === 0 ? '' : conditionTable(status.conditions, now),
    status.problems.map(problemText).join(''),
    status.nodes.some((node) => node.backend === 'pod')
      ? 'Pod nodes are privileged pods: root in one of them is root on the host node it runs on.\n'
      : '',
  ]
  return sections.filter((section) => section !== '').join('\n')
}

function nodeTable(nodes: readonly NodeSummary[], wide: boolean): string {
  const where = wide ? ['MAC', 'ON', 'HOST-NODE'] : []
  return renderTable(
    ['NODE', 'ROLE', 'STATUS', 'VERSION', 'ADDRESS', 'DISK', 'ADDRESS-KEPT', ...where, 'REASON'],
    nodes.map((node) => [
      node.name,
      node.role,
      node.status,
      node.version ?? '<unknown>',
      node.ip ?? '<none>',
      node.disk ?? '<unknown>',
      node.addressKept === undefined ? '<unknown>' : yesNo(node.addressKept),
      ...(wide
        ? [
            node.reservation?.mac ?? '<none>',
            node.hostObject === undefined ? '<none>' : `${node.backend}/${node.hostObject}`,
            node.hostNode ?? '<none>',
          ]
        : []),
      node.reason ?? '',
    ]),
  )
}

function etcdText({ members, problem }: EtcdStatus): string {
  if (problem !== undefined) return `etcd: unknown: ${problem}\n`
  return renderTable(
    ['ETCD-MEMBER', 'NAME', 'HEALTH', 'LEADER', 'LEARNER', 'DB-SIZE'],
    members.map(({ id, name, healthy, leader, learner, dbSizeBytes, alarms }) => [
      id,
      name,
      alarms?.join() ?? (healthy ? 'healthy' : 'unhealthy'),
      yesNo(leader),
      yesNo(learner),
      dbSizeBytes === undefined ? '<unknown>' : byteSize(dbSizeBytes),
    ]),
  )
}

function certificateText({ earliest, problems }: CertificateStatus): string {
  const unread = problems.map((problem) => `certificates: ${problem}\n`).join('')
  if (earliest === undefined) return unread === '' ? 'certificates: none yet\n' : unread
  const { name, node, expires, daysLeft } = earliest
  const where = node === undefined ? '' : ` of "${node}"`
  const left = daysLeft < 0 ? 'expired' : `${daysLeft} days left`
  return `certificates: the first to end is "${name}"${where}, ${expires} (${left})\n${unread}`
}

function conditionTable(conditions: readonly ClusterCondition[], now: Date): string {
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

function problemText({ severity, message, hint }: Problem): string {
  return `${severity}: ${message}\n  hint: ${hint}\n`
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no'
}
