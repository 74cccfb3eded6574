import { listCertificates } from '../certificates/index.js'
import type { ClusterPhase, ClusterRecord } from '../contracts/cluster.js'
import type {
  CertificateStatus,
  ClusterCertificates,
  ClusterStatus,
  EtcdMemberStatus,
  EtcdStatus,
  NodeSummary,
} from '../contracts/clusters.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { silencers, type LastWords } from '../node/last-words.js'
import type { PresentImage } from '../plan/loaded-images.js'
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
import { observedConditions, type Observed } from './conditions.js'
import { askEtcd } from '../observe/ask-etcd.js'
import { askNodeObjects } from './members.js'
import { lastWords } from './last-words.js'
import {
  lookIntoCluster,
  nestedProblems,
  nothingSeen,
  pressureProblems,
  type NestedLooks,
} from './nested-looks.js'
import { lookAtNodes, type NodeLooks } from './node-looks.js'
import { nodeSummaries } from './nodes.js'
import { imageProblems } from './image-problems.js'
import { statusProblems } from './problems.js'
import { summary } from './summary.js'

/** What a cluster said when it was asked; what it did not say, says why. */
export interface StatusFacts {
  readonly record: ClusterRecord
  readonly now: Date
  readonly hostNodes: readonly BackendNode[]
  /** Node objects of the nested API. */
  readonly members: Answer<readonly KubeObject[]>
  readonly etcd: Answer<readonly EtcdMemberStatus[]>
  readonly certificates: Answer<ClusterCertificates>
  readonly reservations: Answer<ReadonlyMap<string, AddressReservation>>
  readonly looks: NodeLooks
  readonly inside: Answer<NestedLooks>
  /** What is wrong with the authorities. */
  readonly authorities: Answer<Problem | undefined>
  /** Loaded images by node. */
  readonly images: Answer<ReadonlyMap<string, readonly PresentImage[]>>
  /** Why pods or VMs before the present ones ended. */
  readonly ends: ReadonlyMap<string, string>
  /** What parts of the control plane that do not run said last. */
  readonly lastWords: readonly LastWords[]
}

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
  const facts = await askCluster(parts, record, signal, usualMs)
  const { observed, certificates } = judge(facts)
  const { nodes, etcd } = observed
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

/** Asks host, nodes, etcd and nested API, all at the same time. */
export async function askCluster(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
  usualMs = patienceMs,
): Promise<StatusFacts> {
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
  const [members, etcd, certificates, reservations, looks, inside, authorities, images] = await Promise.all([
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
  const emptied = hostNodes.filter(({ name, phase }) => looks.emptyDisks.has(name) || phase === 'failed')
  const ends =
    (await answer((bounded) => lastEnds(record, emptied, bounded))).value ?? new Map<string, string>()
  const words = members.problem === undefined ? [] : await lastWords(record, running, answer)
  return {
    ...{ record, now, hostNodes, members, etcd, certificates, reservations, looks, inside, authorities },
    ...{ images, ends, lastWords: words },
  }
}

/** What the answers mean. Pure. */
export function judge(facts: StatusFacts): {
  readonly observed: Observed
  readonly certificates: CertificateStatus
} {
  const { record, hostNodes, members, reservations, ends } = facts
  const { emptyDisks, begunDisks, clocks, fullDisks } = facts.looks
  const observed = {
    ...{ record, hostNodes, emptyDisks, begunDisks, ends, clocks, fullDisks },
    nodes: nodeSummaries({ record, hostNodes, members, reservations, emptyDisks, ends }),
    etcd: { members: facts.etcd.value ?? [], problem: facts.etcd.problem },
    authorities: facts.authorities.value,
    images: imageProblems(record, hostNodes, facts.images.value ?? new Map()),
    apiProblem: members.problem,
    lastWords: silencers(facts.lastWords),
    inside: [
      ...nestedProblems(record, facts.inside.value ?? nothingSeen),
      ...pressureProblems(record, members.value ?? []),
    ],
  }
  return { observed, certificates: certificateStatus(facts.certificates, facts.now) }
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
