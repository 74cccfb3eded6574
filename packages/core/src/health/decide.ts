import type { EtcdHealth } from '../etcd/index.js'
import { lossRisk } from '../etcd/index.js'
import type { NodeVerdict } from './assess.js'

/** What etcd says of its members, or why it says nothing. */
export type KnownMembers = Pick<EtcdHealth, 'members' | 'problem'>

export interface HealingLimits {
  /** Share of the nodes that may be unhealthy for any to be replaced; one always may. */
  readonly maxUnhealthyPercent: number
  /** Node disks outlive their pods and VMs. */
  readonly persistent: boolean
  /** Names of nodes whose disk somebody has deleted: it goes with their pods and VMs all the same. */
  readonly diskGoing?: ReadonlySet<string>
  /** Undefined when etcd was not asked. */
  readonly etcd: KnownMembers | undefined
}

export interface HealingDecision {
  readonly replace: readonly string[]
  /** Dead, and left alone. */
  readonly held: readonly { readonly node: string; readonly reason: string }[]
}

/**
 * Which dead nodes are replaced now: workers at once, control planes one at a time and only while the others
 * keep quorum, as etcd itself says; none while so many are unhealthy that the cause must lie elsewhere. Pure.
 */
export function decide(verdicts: readonly NodeVerdict[], limits: HealingLimits): HealingDecision {
  const dead = verdicts.filter(({ health }) => health === 'dead')
  const unhealthy = verdicts.filter(({ health }) => health !== 'healthy' && health !== 'no-network').length
  const allowed = Math.max(1, Math.floor((verdicts.length * limits.maxUnhealthyPercent) / 100))
  if (unhealthy > allowed) {
    const reason = `${unhealthy} of ${verdicts.length} nodes are unhealthy, more than ${limits.maxUnhealthyPercent} % of them`
    return { replace: [], held: dead.map(({ name }) => ({ node: name, reason })) }
  }
  const workers = dead.filter(({ role }) => role === 'worker').map(({ name }) => name)
  const controlPlanes = dead.filter(({ role }) => role === 'control-plane')
  const held = controlPlanes.map(({ name: node }) => ({ node, danger: dangerOf(node, verdicts, limits) }))
  const first = held.find(({ danger }) => danger === undefined)?.node
  return {
    replace: [...workers, ...(first === undefined ? [] : [first])],
    held: held
      .filter(({ node }) => node !== first)
      .map(({ node, danger }) => ({ node, reason: danger ?? 'control planes are replaced one at a time' })),
  }
}

/** Why taking a dead control plane away would cost data or quorum; undefined when it would not. */
function dangerOf(
  name: string,
  verdicts: readonly NodeVerdict[],
  { persistent, diskGoing, etcd }: HealingLimits,
): string | undefined {
  const controlPlanes = verdicts.filter(({ role }) => role === 'control-plane')
  if (controlPlanes.length === 1) {
    const staysBehind = persistent && diskGoing?.has(name) !== true
    return staysBehind ? undefined : 'it is the only control plane, and its disk would go with it'
  }
  const healthy = controlPlanes.filter(({ health }) => health === 'healthy').length
  const quorum = Math.floor(controlPlanes.length / 2) + 1
  if (healthy < quorum)
    return `only ${healthy} of ${controlPlanes.length} control planes are healthy, and ${quorum} must be`
  // A kubelet that is dead may have left a living etcd, and one that is well may have a broken one.
  if (etcd?.problem !== undefined) return `etcd cannot be asked whether it can be spared: ${etcd.problem}`
  return etcd === undefined ? 'etcd was not asked whether it can be spared' : lossRisk(etcd.members, name)
}
