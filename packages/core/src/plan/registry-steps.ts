import type { ClusterSpec } from '../contracts/cluster.js'
import type { DesiredNode } from './desired-nodes.js'
import type { ObservedCluster } from './observed.js'
import type { Step } from './step.js'

type WriteRegistries = Extract<Step, { kind: 'write-registries' }>

/**
 * Nodes that come are told of registries before Kubernetes starts on them, others when they were told something else.
 * Pure.
 */
export function registrySteps(
  { registries = [] }: ClusterSpec,
  desired: readonly DesiredNode[],
  joining: readonly DesiredNode[],
  observed: ObservedCluster,
  others: readonly Step[],
): readonly WriteRegistries[] {
  const isDue = (node: DesiredNode): boolean => {
    if (joining.includes(node)) return registries.length > 0
    const found = observed.nodes.find(({ name }) => name === node.name)
    // One that is silent is left alone.
    if (found?.disk === undefined || observed.registries === undefined) return false
    return found.registries !== observed.registries.digest
  }
  return desired.filter(isDue).map(({ name }) => ({
    kind: 'write-registries',
    id: `registries:${name}`,
    title: `Write registries on "${name}"`,
    // It is not to be restarted meanwhile.
    needs: [`node:${name}`, `upgrade:${name}`].filter((id) => others.some((other) => other.id === id)),
    node: name,
  }))
}

const starting: ReadonlySet<Step['kind']> = new Set([
  'boot-control-plane',
  'join-control-plane',
  'start-worker',
  'load-images',
])

/** Whatever may pull images on a node comes after. */
export function afterRegistries(step: Step, registries: readonly WriteRegistries[]): Step {
  if (!starting.has(step.kind) || !('node' in step)) return step
  const own = registries.filter(({ node }) => node === step.node).map(({ id }) => id)
  return own.length === 0 ? step : { ...step, needs: [...step.needs, ...own] }
}
