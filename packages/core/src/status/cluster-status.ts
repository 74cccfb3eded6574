import { listCertificates } from '../certificates/index.js'
import type { ClusterPhase, ClusterRecord } from '../contracts/cluster.js'
import type { ClusterStatus, EtcdStatus, NodeSummary } from '../contracts/clusters.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { AddressLease } from '../contracts/node-backend.js'
import { backendsOf, tryNestedApi } from '../converge.js'
import type { Parts } from '../converge.js'
import { KnestError } from '../errors.js'
import { openLeases } from '../leases.js'
import { listNodes } from '../observe.js'
import type { BackendNode } from '../observe.js'
import { isBootstrapped } from '../steps/run-script.js'
import { answerOf, patienceMs } from './answer.js'
import type { Answer } from './answer.js'
import { certificateStatus } from './certificates.js'
import { observedConditions } from './conditions.js'
import { askEtcd } from './etcd.js'
import { nodeSummaries } from './nodes.js'
import { statusProblems } from './problems.js'
import { summary } from './summary.js'

/** A node must have been given up before the whole question is, so that the others' answers count. */
const nodePatienceMs = patienceMs - 1_000

/**
 * Everything that can be known of a cluster now. What does not answer within some seconds becomes a line
 * that says so; only a host that does not answer is an error.
 */
export async function clusterStatus(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<ClusterStatus> {
  const hostNodes = await listNodes(record, await backendsOf(parts, record), signal)
  const running = hostNodes.filter(({ phase }) => phase === 'running')
  const now = new Date()
  const [members, etcdMembers, found, leases, emptyDisks] = await Promise.all([
    answerOf((bounded) => nodeObjects(parts, record, hostNodes, bounded), signal),
    answerOf((bounded) => askEtcd(record, running, bounded), signal),
    answerOf((bounded) => {
      const sources = { record, home: parts.home, nodes: running, patienceMs: nodePatienceMs }
      return listCertificates(sources, now, bounded)
    }, signal),
    answerOf((bounded) => leasesByNode(parts, record, bounded), signal),
    nodesWithEmptyDisks(record, running, signal),
  ])
  const nodes = nodeSummaries({ record, hostNodes, members, leases, emptyDisks })
  const etcd: EtcdStatus = { members: etcdMembers.value ?? [], problem: etcdMembers.problem }
  const certificates = certificateStatus(found, now)
  const observed = { record, nodes, emptyDisks, etcd, apiProblem: members.problem }
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
  const well = nodes.every(({ ready }) => ready) && etcd.members.every(({ healthy }) => healthy)
  return phase === 'Ready' && !well ? 'Degraded' : phase
}

async function nodeObjects(
  parts: Parts,
  record: ClusterRecord,
  hostNodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const api = await tryNestedApi(parts, record, hostNodes, signal)
  if (api === undefined) throw new KnestError('prerequisite', 'no control plane is ready')
  try {
    return await api.list({ apiVersion: 'v1', kind: 'Node' }, { signal })
  } finally {
    api.close()
  }
}

async function leasesByNode(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, AddressLease>> {
  const adapter = await openLeases(parts, record, record.spec)
  const found = (await adapter?.list(record, signal)) ?? []
  return new Map(found.map(({ node, lease }) => [node, lease]))
}

/** Nodes that say so themselves; of one that does not answer nothing is said. */
async function nodesWithEmptyDisks(
  record: ClusterRecord,
  running: readonly BackendNode[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const asked = running.map(async ({ backend, name }): Promise<[string, Answer<boolean>]> => [
    name,
    await answerOf(
      async (bounded) => isBootstrapped(await backend.openNode(record, name, bounded), bounded),
      signal,
    ),
  ])
  const answers = await Promise.all(asked)
  return new Set(answers.filter(([, { value }]) => value === false).map(([name]) => name))
}
