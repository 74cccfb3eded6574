import { keepsAddress } from '../addresses/index.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { NodeSummary } from '../contracts/clusters.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { AddressReservation } from '../contracts/address-adapter.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { byNodeName } from '../names.js'
import { phaseTable } from '../phases/index.js'
import { desiredNodes } from '../plan/desired-nodes.js'
import { condition, isReady } from '../nested-api/conditions.js'
import { oneLine } from '../values/index.js'
import type { Answer } from './answer.js'

/** What was found out about the nodes of a cluster. */
export interface NodeFacts {
  readonly record: ClusterRecord
  readonly hostNodes: readonly BackendNode[]
  /** Node objects of the nested API. */
  readonly members: Answer<readonly KubeObject[]>
  /** By node. */
  readonly reservations: Answer<ReadonlyMap<string, AddressReservation>>
  /** Nodes that run and on whose disk nothing was set up. */
  readonly emptyDisks: ReadonlySet<string>
  /** Why the pods or VMs before the present ones ended, by node. */
  readonly ends?: ReadonlyMap<string, string>
}

/** The host's view, the nested cluster's and the desired one, joined by node name. Pure. */
export function nodeSummaries(facts: NodeFacts): readonly NodeSummary[] {
  const summaries = [
    ...facts.hostNodes.map((node) => ofHostNode(node, facts)),
    ...missing(facts),
    ...strangers(facts),
  ]
  return summaries.sort(byNodeName)
}

function ofHostNode(node: BackendNode, facts: NodeFacts): NodeSummary {
  const { members, emptyDisks } = facts
  const member = memberOf(node.name, facts)
  // The nested cluster needs most of a minute to notice that a node is gone or begins anew.
  const lives = node.phase === 'running' && !emptyDisks.has(node.name)
  const ready = lives && member !== undefined && isReady(member)
  const isUnknown = lives && members.value === undefined
  return {
    name: node.name,
    role: node.role,
    ready,
    status: ready ? 'Ready' : isUnknown ? 'Unknown' : 'NotReady',
    version: versionOf(member),
    ip: node.ip,
    ...durability(node, facts),
    backend: node.backend.name,
    hostObject: node.hostObject,
    hostNode: node.hostNode,
    reason: ready ? undefined : reasonOf(node, facts),
  }
}

function reasonOf(node: BackendNode, facts: NodeFacts): string {
  const { record, members, emptyDisks } = facts
  if (node.reason !== undefined) return oneLine(node.reason)
  if (node.phase !== 'running') return node.phase
  if (emptyDisks.has(node.name)) {
    if (phaseTable[record.phase].nodes === 'coming') return 'not set up yet'
    const end = facts.ends?.get(node.name)
    return `its disk is empty: what was on it is lost${end === undefined ? '' : ` (${oneLine(end)})`}`
  }
  if (members.value === undefined) return members.problem
  const member = memberOf(node.name, facts)
  if (member === undefined) return 'has not joined the cluster'
  return oneLine(condition(member, 'Ready')?.message ?? 'has not reported yet')
}

/** Nodes that the cluster should have and the host has nothing of. */
function missing(facts: NodeFacts): readonly NodeSummary[] {
  const { record, hostNodes } = facts
  if (phaseTable[record.phase].nodes === 'none') return []
  return desiredNodes(record, record.spec, hostNodes)
    .filter(({ name }) => !hostNodes.some((node) => node.name === name))
    .map((node) => ({
      name: node.name,
      role: node.role,
      ready: false,
      status: 'NotReady',
      version: undefined,
      ip: undefined,
      ...durability({ name: node.name, backend: { name: node.backend } }, facts),
      backend: node.backend,
      hostObject: undefined,
      hostNode: undefined,
      reason: record.phase === 'Creating' ? 'not made yet' : 'the host has no such node',
    }))
}

/** Nodes that joined by other ways than knest, or that the host has no longer. */
function strangers({ record, hostNodes, members }: NodeFacts): readonly NodeSummary[] {
  const known = [...hostNodes, ...desiredNodes(record, record.spec, hostNodes)]
  return (members.value ?? [])
    .filter(({ metadata }) => !known.some(({ name }) => name === metadata.name))
    .map((member) => ({
      name: member.metadata.name,
      role:
        member.metadata.labels?.['node-role.kubernetes.io/control-plane'] === undefined
          ? 'worker'
          : 'control-plane',
      ready: isReady(member),
      status: isReady(member) ? 'Ready' : 'NotReady',
      version: versionOf(member),
      ip: undefined,
      disk: undefined,
      addressKept: undefined,
      reservation: undefined,
      backend: 'pod',
      hostObject: undefined,
      hostNode: undefined,
      reason: 'the host has no such node',
    }))
}

function durability(
  { name, backend }: { readonly name: string; readonly backend: Pick<BackendNode['backend'], 'name'> },
  { record, reservations }: NodeFacts,
): Pick<NodeSummary, 'disk' | 'addressKept' | 'reservation'> {
  const { persistence } = record.spec
  const reservation = reservations.value?.get(name)
  return {
    disk: persistence.enabled ? 'persistent' : 'ephemeral',
    addressKept:
      reservations.value === undefined
        ? undefined
        : reservation !== undefined || keepsAddress(persistence, backend.name),
    reservation: reservation === undefined ? undefined : { ip: reservation.ip, mac: reservation.mac },
  }
}

function memberOf(name: string, { members }: NodeFacts): KubeObject | undefined {
  return members.value?.find(({ metadata }) => metadata.name === name)
}

function versionOf(member: KubeObject | undefined): string | undefined {
  const status = member?.status as { nodeInfo?: { kubeletVersion?: string } } | undefined
  return status?.nodeInfo?.kubeletVersion?.replace(/^v/, '')
}
