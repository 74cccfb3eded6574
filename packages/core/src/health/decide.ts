import type { NodeVerdict } from './assess.js'

export interface HealingLimits {
  /** Share of the nodes that may be unhealthy for any to be replaced; one always may. */
  readonly maxUnhealthyPercent: number
  /** Node disks outlive their pods and VMs. */
  readonly persistent: boolean
}

export interface HealingDecision {
  readonly replace: readonly string[]
  /** Dead, and left alone. */
  readonly held: readonly { readonly node: string; readonly reason: string }[]
}

/**
 * Which dead nodes are replaced now: workers at once, control planes one at a time and only while the others
 * keep quorum, none while so many are unhealthy that the cause must lie elsewhere. Pure.
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
  const [first, ...others] = dead.filter(({ role }) => role === 'control-plane').map(({ name }) => name)
  if (first === undefined) return { replace: workers, held: [] }
  const waiting = others.map((node) => ({ node, reason: 'control planes are replaced one at a time' }))
  const danger = dangerOf(verdicts, limits)
  return danger === undefined
    ? { replace: [...workers, first], held: waiting }
    : { replace: workers, held: [{ node: first, reason: danger }, ...waiting] }
}

/** Why taking a dead control plane away would cost data or quorum; undefined when it would not. */
function dangerOf(verdicts: readonly NodeVerdict[], { persistent }: HealingLimits): string | undefined {
  const controlPlanes = verdicts.filter(({ role }) => role === 'control-plane')
  if (controlPlanes.length === 1) {
    return persistent ? undefined : 'it is the only control plane, and its disk would go with it'
  }
  const healthy = controlPlanes.filter(({ health }) => health === 'healthy').length
  const quorum = Math.floor(controlPlanes.length / 2) + 1
  if (healthy >= quorum) return undefined
  return `only ${healthy} of ${controlPlanes.length} control planes are healthy, and ${quorum} must be`
}
