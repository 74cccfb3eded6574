import type { NodeRole } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { NodeStatus } from '../contracts/node-backend.js'
import { usualNoticedAfterMs } from './noticed-after.js'
import { condition, isReady, type NodeCondition } from '../nested-api/conditions.js'

/**
 * `absent`: the host has nothing of it, or only what it does not start again (a disk). `host`: its pod or VM does not run, which is the host's to mend (a
 * drained host node, an image that is missing). `no-network`: its kubelet is well and waits for a CNI.
 * `failing`: not Ready, and not yet for long enough. `dead`: for too long. `unknown`: the nested API does not
 * answer, so nobody knows.
 */
export type NodeHealth = 'healthy' | 'absent' | 'host' | 'no-network' | 'failing' | 'dead' | 'unknown'

export interface NodeVerdict {
  readonly name: string
  readonly role: NodeRole
  readonly health: NodeHealth
  /** Why, in the words of who knows; empty when healthy. */
  readonly reason: string
  /** For a failing node: milliseconds since 1970 at which it counts as dead. */
  readonly deadAt?: number
}

export interface HealthFacts {
  /** Nodes the cluster shall have. */
  readonly desired: readonly { readonly name: string; readonly role: NodeRole }[]
  readonly hostNodes: readonly Pick<NodeStatus, 'name' | 'phase' | 'reason' | 'startedAt' | 'abandoned'>[]
  /** Node objects of the nested cluster; undefined when its API does not answer. */
  readonly members: readonly KubeObject[] | undefined
  /** Names of nodes that have just said themselves that they are part of the cluster. */
  readonly asked?: ReadonlySet<string>
  readonly unhealthyAfterMs: number
  /** After how long the nested cluster notices a kubelet that is silent. */
  readonly noticedAfterMs?: number
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Tells dead nodes from those that only look so. Pure. */
export function assess(facts: HealthFacts): readonly NodeVerdict[] {
  return facts.desired.map(({ name, role }) => ({ name, role, ...verdict(name, facts) }))
}

function verdict(name: string, facts: HealthFacts): Omit<NodeVerdict, 'name' | 'role'> {
  const { hostNodes, members } = facts
  const node = hostNodes.find((candidate) => candidate.name === name)
  if (node === undefined) return { health: 'absent', reason: 'the host has no such node' }
  // Nothing on the host would ever start it.
  if (node.abandoned === true) return { health: 'absent', reason: node.reason ?? node.phase }
  if (node.phase !== 'running') return { health: 'host', reason: node.reason ?? node.phase }
  if (members === undefined) return { health: 'unknown', reason: 'the API server does not answer' }
  const member = members.find(({ metadata }) => metadata.name === name)
  if (member === undefined) return aged('has not registered', [node.startedAt], facts)
  const ready = condition(member, 'Ready')
  // An empty disk is behind it, or a kubelet that speaks in a moment: only the node knows.
  const isOutdated = facts.asked?.has(name) !== true && isOfNodeBefore(ready, node.startedAt, facts)
  if (isOutdated && ready?.status !== 'Unknown')
    return { health: 'failing', reason: 'has not reported since it was started' }
  if (isReady(member)) return { health: 'healthy', reason: '' }
  const reason = ready?.message ?? 'has not reported yet'
  if (ready?.status === 'False' && waitsForNetwork(reason)) return { health: 'no-network', reason }
  // The nested cluster may have lost it before the host began to run it again.
  const noticed = ready?.lastTransitionTime ?? member.metadata.creationTimestamp
  return aged(
    reason,
    [ready?.status === 'Unknown' ? earlier(noticed, facts) : noticed, node.startedAt],
    facts,
  )
}

/**
 * The kubelet that said so ran before the host started this pod or VM. Clocks may differ, but not for longer than the
 * nested cluster needs to notice by itself.
 */
function isOfNodeBefore(
  ready: NodeCondition | undefined,
  startedAt: string | undefined,
  { unhealthyAfterMs, now }: HealthFacts,
): boolean {
  const started = Date.parse(startedAt ?? '')
  const said = Date.parse(ready?.lastHeartbeatTime ?? '')
  return said < started && now - started < unhealthyAfterMs
}

/** When a kubelet was heard of last. */
function earlier(
  noticed: string | undefined,
  { noticedAfterMs = usualNoticedAfterMs }: HealthFacts,
): string | undefined {
  return noticed === undefined ? undefined : new Date(Date.parse(noticed) - noticedAfterMs).toISOString()
}

/** The latest of the times counts; where none is known it has not begun to count. */
function aged(
  reason: string,
  times: readonly (string | undefined)[],
  { unhealthyAfterMs, now }: HealthFacts,
): Omit<NodeVerdict, 'name' | 'role'> {
  const since = Math.max(
    ...times.map((time) => (time === undefined ? NaN : Date.parse(time))).filter(isFinite),
  )
  const deadAt = (isFinite(since) ? since : now) + unhealthyAfterMs
  return deadAt <= now ? { health: 'dead', reason } : { health: 'failing', reason, deadAt }
}

/** The kubelet's own words while no CNI has written its configuration. */
function waitsForNetwork(message: string): boolean {
  return /NetworkPluginNotReady|cni plugin not initialized|network plugin is not ready/i.test(message)
}
