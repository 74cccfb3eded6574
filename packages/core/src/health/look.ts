import type { ClusterRecord } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import { isReady } from '../nested-api/conditions.js'
import { askEtcd } from '../observe/ask-etcd.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { noticedAfterMs } from './noticed-after.js'
import { ownNodes } from '../observe/own-nodes.js'
import { desiredNodes } from '../plan/desired-nodes.js'
import { healthLimits } from '../spec/resolve-health.js'
import { askNodeObjects } from '../status/members.js'
import { assess } from './assess.js'
import type { NodeVerdict } from './assess.js'
import type { KnownMembers } from './decide.js'
import { anySignal } from '../signals.js'

/** How long the nested API, or etcd, may take to say how its nodes are. */
const askMs = 10_000

export interface Seen {
  readonly nodes: readonly BackendNode[]
  /** Node objects of knest's nodes; undefined when the nested API does not answer. */
  readonly members: readonly KubeObject[] | undefined
  readonly verdicts: readonly NodeVerdict[]
}

interface LookOptions {
  /** The nested API has just answered: the host's probe of its control planes may come seconds later. */
  readonly answered?: boolean
  /** Names of nodes that have just said themselves that they are part of the cluster. */
  readonly asked?: ReadonlySet<string>
}

/** Asks the host and the nested API, and no node: cheap enough to be done at every change. */
export async function look(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
  { answered = false, asked }: LookOptions = {},
): Promise<Seen> {
  const listed = await listNodes(record, await backendsOf(parts, record), signal)
  const nodes = answered ? listed.map(asReady) : listed
  const bounded = anySignal(signal, AbortSignal.timeout(askMs))
  const objects = await askNodeObjects(parts, record, nodes, bounded).catch((error: unknown) => {
    signal.throwIfAborted()
    if (error instanceof KnestError || bounded.aborted) return undefined
    throw error
  })
  const members = objects === undefined ? undefined : ownNodes(record, objects, nodes)
  const isWell = ({ name, phase, ready }: BackendNode): boolean =>
    phase === 'running' &&
    ready &&
    (members?.some((member) => member.metadata.name === name && isReady(member)) ?? true)
  const damageOf = (node: BackendNode): number => {
    if (node.diskGoing === true) return 2
    // In an upgrade each node is away for a while, and comes back.
    return record.phase === 'Upgrading' || isWell(node) ? 0 : 1
  }
  const verdicts = assess({
    desired: desiredNodes(
      record,
      record.spec,
      nodes.map((node) => ({ ...node, damage: damageOf(node) })),
    ),
    hostNodes: nodes,
    members,
    ...(asked === undefined ? {} : { asked }),
    unhealthyAfterMs: healthLimits(record.spec.health).unhealthyAfterMs,
    noticedAfterMs: noticedAfterMs(record.spec),
    now: Date.now(),
  })
  return { nodes, members, verdicts }
}

function asReady(node: BackendNode): BackendNode {
  return node.phase === 'running' ? { ...node, ready: true } : node
}

/** What etcd says of its members, asked only when a control plane is dead. */
export async function lookAtMembers(
  record: ClusterRecord,
  { nodes, verdicts }: Seen,
  signal: AbortSignal,
): Promise<KnownMembers | undefined> {
  if (!verdicts.some(({ role, health }) => role === 'control-plane' && health === 'dead')) return undefined
  const bounded = anySignal(signal, AbortSignal.timeout(askMs))
  try {
    return { members: await askEtcd(record, nodes, bounded), problem: undefined }
  } catch (error) {
    signal.throwIfAborted()
    if (bounded.aborted) return { members: [], problem: `no answer within ${askMs / 1000} s` }
    if (error instanceof KnestError) return { members: [], problem: error.message }
    throw error
  }
}
