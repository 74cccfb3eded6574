import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { CertificateStatus, EtcdMemberStatus, NodeSummary } from '../contracts/clusters.js'
import type { Problem } from '../errors.js'
import { mebibytes } from '../etcd/index.js'
import { hasNoSpace, hasQuorum } from './conditions.js'
import type { Observed } from './conditions.js'
import { aboutNode, diskProblems, goingDisks, podTroubles, standingNodes, warning } from './host-problems.js'
import { lostData, wasSetUp } from '../observe/lost-data.js'
import { phaseTable, scaleCommand } from '../phases/index.js'
import { lostMajority } from './lost-majority.js'
import { isUntouched, notAccepted } from './not-accepted.js'
import { unfinishedProblem } from './unfinished.js'

/** What is wrong with a cluster and what to do, most important first. Pure. */
export function statusProblems(observed: Observed, certificates: CertificateStatus): readonly Problem[] {
  const left = nodesLeft(observed)
  if (left !== undefined) return [left]
  const { authorities } = observed
  const refused = notAccepted(observed.record)
  const refusals = refused === undefined ? [] : [refused]
  // Nobody has begun what it would go on with.
  if (refusals.length > 0 && isUntouched(observed.record)) return refusals
  const unfinished = unfinishedProblem(observed.record)
  const lost = isLost(observed) ? lostData(observed.record, observed.ends ?? new Map()) : undefined
  // No command goes on without them, without data, or without a majority that can come back.
  if (unfinished !== undefined)
    return [authorities ?? lost ?? lostMajority(observed) ?? unfinished, ...refusals]
  const known = authorities === undefined ? [] : [authorities]
  if (lost !== undefined) return [...known, lost, ...refusals]
  const etcd = etcdProblems(observed)
  return [
    ...known,
    ...refusals,
    ...etcd,
    ...(etcd.length === 0 ? apiProblems(observed) : []),
    ...diskProblems(observed),
    ...goingDisks(observed),
    ...lostNodes(observed),
    ...unregistered(observed),
    ...standingNodes(observed, etcd.length > 0),
    ...podTroubles(observed),
    ...(observed.inside ?? []),
    ...clockProblems(observed),
    ...(observed.images ?? []),
    ...certificateProblems(observed.record, certificates),
  ]
}

/** A pause or a delete that keeps the data says so first, and then takes the nodes away. */
function nodesLeft({ record, hostNodes }: Observed): Problem | undefined {
  const { name, phase } = record
  if (phase !== 'Paused' && phase !== 'Kept') return undefined
  const running = hostNodes.filter((node) => node.phase === 'running').map((node) => `"${node.name}"`)
  if (running.length === 0) return undefined
  const [verb, command] =
    phase === 'Paused'
      ? ['pause', clusterCommand('pause', record)]
      : ['delete', clusterCommand('delete', record, '--keep-data')]
  return warning(
    { reason: 'NodesLeft' },
    `cluster "${name}" is ${phase === 'Paused' ? 'paused' : 'to keep nothing but its disks'}, and ${running.join(', ')} ${running.length === 1 ? 'runs' : 'run'}`,
    `if no ${verb} is running, go on with ${command}`,
  )
}

function etcdProblems(observed: Observed): readonly Problem[] {
  const { record, etcd } = observed
  const { members } = etcd
  if (members.length > 0 && !hasQuorum(members)) return [lostMajority(observed) ?? noQuorum(members)]
  if (hasNoSpace(members)) return [noSpace(record, members)]
  const silent = members.filter(({ healthy }) => !healthy)
  const learners = members.filter(({ learner, healthy }) => learner && healthy)
  return [
    ...silent.map(({ name }) =>
      warning(
        aboutNode('EtcdMemberSilent', name),
        `etcd member "${name}" does not answer; the others go on without it`,
        cure(observed, name),
      ),
    ),
    ...removed(observed).map(({ name }) =>
      warning(
        aboutNode('EtcdMemberRemoved', name),
        `control plane "${name}" runs and is no member of etcd: its removal did not come to its end`,
        `${scaleCommand(record)} has it join again`,
      ),
    ),
    ...learners.map(({ name }) =>
      warning(
        aboutNode('EtcdMemberLearns', name),
        `etcd member "${name}" has no vote yet: its node has not joined completely`,
        `go on with ${scaleCommand(record)}`,
      ),
    ),
  ]
}

/** Control planes that are set up, and that etcd does not list. */
function removed({
  record,
  nodes,
  hostNodes,
  emptyDisks,
  etcd: { members },
}: Observed): readonly NodeSummary[] {
  if (members.length === 0 || phaseTable[record.phase].nodes !== 'there') return []
  return nodes.filter(
    ({ name, role }) =>
      role === 'control-plane' &&
      !emptyDisks.has(name) &&
      hostNodes.some((node) => node.name === name && node.phase === 'running') &&
      !members.some((member) => member.name === name),
  )
}

function noSpace(record: ClusterRecord, members: readonly EtcdMemberStatus[]): Problem {
  const bytes = Math.max(...members.map(({ dbSizeBytes = 0 }) => dbSizeBytes))
  return warning(
    { reason: 'EtcdNoSpace' },
    `etcd is full (NOSPACE, ${mebibytes(bytes)}): the cluster can be read, and takes deletions only`,
    `delete what fills it, if it is not gone already; then ${clusterCommand('heal', record)} gives the room back and has etcd take data again`,
  )
}

/** Without a majority no member is healthy, also those that run: these still tell their size. */
function noQuorum(members: readonly EtcdMemberStatus[]): Problem {
  const voting = members.filter(({ learner }) => !learner)
  const silent = voting.filter(({ dbSizeBytes }) => dbSizeBytes === undefined)
  const names = silent.map(({ name }) => `"${name}"`).join(', ')
  const needed = Math.floor(voting.length / 2) + 1
  return warning(
    { reason: 'EtcdNoQuorum' },
    `etcd has no majority, so the API server can do nothing: of ${voting.length} members ${names || 'none'} do not answer`,
    `it goes on by itself when ${needed} of them run with their disks; see why the nodes do not run`,
  )
}

function apiProblems({ record, apiProblem, lastWords = [] }: Observed): readonly Problem[] {
  if (apiProblem === undefined) return []
  return [
    warning(
      { reason: 'ApiSilent' },
      `the API server cannot be asked: ${[apiProblem, ...lastWords].join('; ')}`,
      `see the reasons of the control planes, and /var/log/knest and /var/log/pods on them; ${scaleCommand(record)} repairs what is lost`,
    ),
  ]
}

/** Nodes that do not come back by themselves and are not told of as members of etcd. */
function lostNodes(observed: Observed): readonly Problem[] {
  const { nodes, emptyDisks, etcd } = observed
  const told = new Set(etcd.members.filter(({ healthy }) => !healthy).map(({ name }) => name))
  return nodes
    .filter((node) => emptyDisks.has(node.name) || isMissing(node))
    .filter(({ name }) => !told.has(name))
    .map((node) =>
      warning(
        aboutNode(isMissing(node) ? 'NodeMissing' : 'DiskLost', node.name),
        isMissing(node)
          ? `the host has no node "${node.name}"`
          : `node "${node.name}" has lost its disk and is not part of the cluster`,
        cure(observed, node.name),
      ),
    )
}

/** Nodes that run on their disks and have no Node object: a kubelet makes one only when it starts. */
function unregistered({ record, hostNodes, nodes, emptyDisks, apiProblem }: Observed): readonly Problem[] {
  if (apiProblem !== undefined) return []
  const runs = (name: string): boolean =>
    !emptyDisks.has(name) && hostNodes.some((node) => node.name === name && node.phase === 'running')
  return nodes
    .filter(({ name, status, version }) => status === 'NotReady' && version === undefined && runs(name))
    .map(({ name }) =>
      warning(
        aboutNode('NodeNotRegistered', name),
        `node "${name}" runs, and the cluster has no Node object of it`,
        `if that does not change by itself, ${scaleCommand(record)} has it register again`,
      ),
    )
}

/** Nothing is left of what the cluster was: no control plane has a disk on which it could be. */
function isLost({ record, hostNodes, nodes, emptyDisks }: Observed): boolean {
  // What is being deleted loses them, and what was deleted with its disks kept begins with whatever there is.
  if (!wasSetUp(record) || record.phase === 'Deleting' || record.phase === 'Kept') return false
  // Disks are all there is of its nodes.
  if (record.phase === 'Paused') return !hostNodes.some(({ role }) => role === 'control-plane')
  const controlPlanes = nodes.filter(
    ({ role, hostObject, disk }) => role === 'control-plane' && (hostObject ?? disk),
  )
  const isGone = ({ name, disk, hostObject }: NodeSummary): boolean =>
    hostObject === undefined ||
    emptyDisks.has(name) ||
    (disk === 'ephemeral' && hostNodes.some((node) => node.name === name && node.phase === 'failed'))
  return controlPlanes.length > 0 && controlPlanes.every(isGone)
}

/** The cluster should have it and the host has not; one that knest never made has no disk that knest knows. */
function isMissing({ hostObject, disk }: NodeSummary): boolean {
  return hostObject === undefined && disk !== undefined
}

/** How a node that is silent as a member, or away, comes back. */
function cure({ record, hostNodes, nodes, emptyDisks }: Observed, name: string): string {
  const again = `${scaleCommand(record)} replaces it`
  const found = hostNodes.find((node) => node.name === name)
  if (found === undefined || emptyDisks.has(name)) return again
  if (found.phase === 'running')
    return 'its node runs; if it does not come back by itself, see /var/log/pods there'
  const { disk } = nodes.find((node) => node.name === name) ?? {}
  return disk === 'persistent'
    ? `it comes back by itself when its node runs; if its disk is lost, ${again}`
    : again
}

/** From here on leases and certificates of a minute's life go wrong. */
const clockSeconds = 30

/** Pods of one host node have its clock, VMs their own. Where all differ alike, it is this machine's that is wrong. */
function clockProblems({ clocks, record }: Observed): readonly Problem[] {
  const far = [...clocks].filter(([, ahead]) => Math.abs(ahead) >= clockSeconds)
  if (far.length > 1 && far.length === clocks.size && sameWithin(far.map(([, ahead]) => ahead)))
    return [
      warning(
        { reason: 'ClockSkew' },
        `this machine's clock differs from that of every node of cluster "${record.name}" by ${Math.abs(far[0]?.[1] ?? 0)} s`,
        'set the clock of this machine',
      ),
    ]
  return far.map(([name, ahead]) =>
    warning(
      aboutNode('ClockSkew', name),
      `the clock of node "${name}" is ${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} this machine's`,
      `see date and, on a VM, chronyc tracking: ${clusterCommand('ssh', record, name, '--', 'date')}`,
    ),
  )
}

function sameWithin(seconds: readonly number[]): boolean {
  return Math.max(...seconds) - Math.min(...seconds) < clockSeconds
}

function certificateProblems(
  record: ClusterRecord,
  { endSoon, unfinished, renewBeforeDays }: CertificateStatus,
): readonly Problem[] {
  if (endSoon === 0 && unfinished.length === 0) return []
  const what = `${endSoon} ${endSoon === 1 ? 'certificate ends' : 'certificates end'} within ${renewBeforeDays} days`
  return [
    warning(
      { reason: endSoon > 0 ? 'CertificatesEndSoon' : 'RenewalBrokenOff' },
      endSoon > 0 ? what : 'a renewal of certificates was broken off',
      `renew with ${clusterCommand('certs', record, '--renew')}`,
    ),
  ]
}
