import type { Certificate } from '../contracts/certificates.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { lookAtNode } from './look-at-node.js'
import type { ConfiguredVersions, ObservedCluster, ObservedNode } from '../plan/observed.js'

export const addonsCondition = 'AddonsInstalled'

/** What the nested API says of itself. */
export interface NestedFacts {
  /** Names of the Node objects. */
  readonly members: readonly string[]
  readonly configured: ConfiguredVersions
}

/** What the nodes say of themselves. */
export interface Observation {
  /** Who has the nested API fills in the members. */
  readonly observed: Omit<ObservedCluster, 'members' | 'configured' | 'renewal'>
  /** Of nodes that are part of the cluster; one that lost its disk gets new ones when it joins. */
  readonly certificates: readonly Certificate[]
  /** Names of nodes on which a renewal was interrupted. */
  readonly unfinished: readonly string[]
}

/** Asks the nodes that run what is on their disks. */
export async function observe(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  now: Date,
  signal: AbortSignal,
): Promise<Observation> {
  const looks = await Promise.all(
    nodes.map(async ({ backend, name, phase }) =>
      phase === 'running' ? lookAtNode(await backend.openNode(record, name, signal), now, signal) : undefined,
    ),
  )
  const observed = nodes.map((node, index): ObservedNode => ({
    name: node.name,
    role: node.role,
    pool: node.pool,
    backend: node.backend.name,
    phase: node.phase,
    disk: looks[index]?.disk,
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
    unfinished: nodes
      .filter((_, index) => looks[index]?.certificates.unfinished === true)
      .map(({ name }) => name),
  }
}
