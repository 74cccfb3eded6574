import { listCertificates } from '../certificates/index.js'
import type { ClusterPhase, ClusterRecord } from '../contracts/cluster.js'
import type { ClusterStatus, EtcdStatus, NodeSummary } from '../contracts/clusters.js'
import type { AddressReservation } from '../contracts/address-adapter.js'
import { backendsOf, timeoutFactorOf } from '../observe/backends.js'
import type { Parts } from '../contracts/parts.js'
import { unlessForbidden, type Problem } from '../errors.js'
import { openAddressAdapter } from '../addresses/node-addresses.js'
import { listNodes } from '../observe/list-nodes.js'
import { askNodeImages } from '../observe/node-images.js'
import { lastEnds } from '../observe/lost-data.js'
import { authorityProblem } from './authorities.js'
import { answerOf, patienceMs } from './answer.js'
import type { Answer } from './answer.js'
import { certificateStatus } from './certificates.js'
import { observedConditions } from './conditions.js'
import { askEtcd } from '../observe/ask-etcd.js'
import { askNodeObjects } from './members.js'
import { lastWords } from './last-words.js'
import { lookIntoCluster, nestedProblems, nothingSeen, pressureProblems } from './nested-looks.js'
import { lookAtNodes } from './node-looks.js'
import { nodeSummaries } from './nodes.js'
import { imageProblems } from './image-problems.js'
import { statusProblems } from './problems.js'
import { summary } from './summary.js'

/**
 * Everything that can be known of a cluster now. What does not answer within `usualMs`, or longer where machines are
 * slower, becomes a line that says so; only a host that does not answer is an error.
 */
export async function clusterStatus(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
  usualMs = patienceMs,
): Promise<ClusterStatus> {
  const [backends, factor] = await Promise.all([
    backendsOf(parts, record),
    timeoutFactorOf(parts, record).catch(unlessForbidden),
  ])
  const limitMs = usualMs * (factor ?? 1)
  const answer = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<Answer<T>> =>
    answerOf(work, signal, limitMs)
  const hostNodes = await listNodes(record, backends, signal)
  const running = hostNodes.filter(({ phase }) => phase === 'running')
  const now = new Date()
  const [members, etcdMembers, found, reservations, looks, inside, authorities, present] = await Promise.all([
    answer((bounded) => askNodeObjects(parts, record, hostNodes, bounded)),
    answer((bounded) => askEtcd(record, running, bounded)),
    answer((bounded) => {
      // One silent node is given up before the whole question is.
      const sources = { record, home: parts.home, nodes: running, patienceMs: limitMs * 0.8 }
      return listCertificates(sources, now, bounded)
    }),
    answer((bounded) => reservationsByNode(parts, record, bounded)),
    lookAtNodes(record, running, answer),
    answer((bounded) => lookIntoCluster(parts, record, hostNodes, bounded)),
    answer<Problem | undefined>((bounded) =>
      authorityProblem({ record, home: parts.home, nodes: hostNodes }, bounded),
    ),
    answer((bounded) => askNodeImages(record, hostNodes, bounded)),
  ])
  const { emptyDisks, begunDisks, clocks, fullDisks } = looks
  const emptied = hostNodes.filter(({ name, phase }) => emptyDisks.has(name) || phase === 'failed')
  const ends =
    (await answer((bounded) => lastEnds(record, emptied, bounded))).value ?? new Map<string, string>()
  const nodes = nodeSummaries({ record, hostNodes, members, reservations, emptyDisks, ends })
  const etcd: EtcdStatus = { members: etcdMembers.value ?? [], problem: etcdMembers.problem }
  const certificates = certificateStatus(found, now)
  const observed = {
    record,
    hostNodes,
    nodes,
    emptyDisks,
    begunDisks,
    ends,
    clocks,
    etcd,
    authorities: authorities.value,
    images: imageProblems(record, hostNodes, present.value ?? new Map()),
    apiProblem: members.problem,
    lastWords: members.problem === undefined ? [] : await lastWords(record, running, answer),
    fullDisks,
    inside: [
      ...nestedProblems(record, inside.value ?? nothingSeen),
      ...pressureProblems(record, members.value ?? []),
    ],
  }
  return {
    ...summary(record, nodes),
    phase: phaseOf(record, nodes, etcd),
    nodes,
    etcd,
    certificates,
    conditions: observedConditions(observed),
    problems: statusProblems(observed, certificates),
  }
}

function phaseOf({ phase }: ClusterRecord, nodes: readonly NodeSummary[], etcd: EtcdStatus): ClusterPhase {
  const well =
    nodes.every(({ ready }) => ready) &&
    etcd.members.every(({ healthy, alarms }) => healthy && alarms === undefined)
  return phase === 'Ready' && !well ? 'Degraded' : phase
}

async function reservationsByNode(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, AddressReservation>> {
  const adapter = await openAddressAdapter(parts, record, record.spec)
  const found = (await adapter?.list(record, signal)) ?? []
  return new Map(found.map(({ node, reservation }) => [node, reservation]))
}
