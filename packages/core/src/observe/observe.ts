import type { Certificate } from '../contracts/certificates.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { lookAtNode } from './look-at-node.js'
import type { NodeLook } from './look-at-node.js'
import type { ConfiguredVersions, ObservedCluster, ObservedNode } from '../plan/observed.js'

export const addonsCondition = 'AddonsInstalled'

/** What the nested API says of itself. */
export interface NestedFacts {
  /** Names of the Node objects that are knest's. */
  readonly members: readonly string[]
  readonly notReady: readonly string[]
  readonly configured: ConfiguredVersions
  /** Knest's own storage is installed. */
  readonly storage: boolean
}

/** What the nodes say of themselves. */
export interface Observation {
  /** Who has the nested API fills in the members. */
  readonly observed: Omit<
    ObservedCluster,
    | 'members'
    | 'notReady'
    | 'etcd'
    | 'configured'
    | 'storage'
    | 'renewal'
    | 'unnamed'
    | 'images'
    | 'registries'
    | 'settings'
  >
  /** Of nodes that are part of the cluster; one that lost its disk gets new ones when it joins. */
  readonly certificates: readonly Certificate[]
  /** What the API servers of control planes show, in PEM, by node. */
  readonly serving: ReadonlyMap<string, string>
  /** Names of nodes on which a renewal was interrupted. */
  readonly unfinished: readonly string[]
  /** Nodes that run and could not be asked, and why. */
  readonly silent: readonly { readonly node: string; readonly reason: string }[]
}

/** Asks the nodes that run, and those `answering`, what is on their disks. One that gives no answer is unknown, and no failure. */
export async function observe(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  now: Date,
  signal: AbortSignal,
  answering: ReadonlySet<string> = new Set(),
): Promise<Observation> {
  const answers = await Promise.all(
    nodes.map(async (node) =>
      node.phase === 'running' || answering.has(node.name) ? ask(record, node, now, signal) : unasked,
    ),
  )
  const looks = answers.map(({ look }) => look)
  const observed = nodes.map((node, index): ObservedNode => ({
    name: node.name,
    role: node.role,
    pool: node.pool,
    backend: node.backend.name,
    phase: node.phase,
    ready: node.ready,
    silent: answers[index]?.reason !== undefined,
    disk: looks[index]?.disk,
    diskGoing: node.diskGoing === true,
    initialMembers: looks[index]?.initialMembers,
    hasMember: looks[index]?.hasMember ?? false,
    registries: looks[index]?.registries,
    settings: looks[index]?.settings,
    // A version that cannot be changed is nothing to plan with.
    ...(node.backend.upgradeNode === undefined
      ? {}
      : { version: looks[index]?.version, upgrading: looks[index]?.upgrading ?? false }),
  }))
  const addons = record.conditions.find(({ type }) => type === addonsCondition)
  return {
    observed: {
      nodes: observed,
      addonsInstalled: addons?.status === 'True',
      upgrading: record.phase === 'Upgrading',
    },
    certificates: looks.flatMap((look) => look?.certificates.certificates ?? []),
    serving: new Map(
      nodes.flatMap(({ name }, index) => {
        const serving = looks[index]?.certificates.serving
        return serving === undefined ? [] : [[name, serving]]
      }),
    ),
    unfinished: nodes
      .filter((_, index) => looks[index]?.certificates.unfinished === true)
      .map(({ name }) => name),
    silent: nodes.flatMap(({ name: node }, index) => {
      const reason = answers[index]?.reason
      return reason === undefined ? [] : [{ node, reason }]
    }),
  }
}

interface NodeAnswer {
  /** Undefined for a node that does not run, and for one that did not answer. */
  readonly look: NodeLook | undefined
  /** Why it did not answer. */
  readonly reason: string | undefined
}

const unasked: NodeAnswer = { look: undefined, reason: undefined }

async function ask(
  record: ClusterRecord,
  { backend, name, phase }: BackendNode,
  now: Date,
  signal: AbortSignal,
): Promise<NodeAnswer> {
  try {
    const node = await backend.openNode(record, name, signal)
    return { look: await lookAtNode(node, now, signal), reason: undefined }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError)
      return phase === 'running' ? { look: undefined, reason: error.message } : unasked
    throw error
  }
}
