import type { KubeObject } from '../contracts/kubernetes.js'
import { PlanOutdated } from './plan-outdated.js'

/**
 * Looks, each time the Node objects of a cluster are seen, whether those of `names` that had one still have it: throws
 * PlanOutdated for one that has not. Had one: `registered`, and who was seen with one before.
 */
export function keptNodes(
  names: readonly string[],
  registered: readonly string[] = [],
): (nodes: readonly KubeObject[]) => void {
  const seen = new Set(registered)
  return (nodes) => {
    for (const name of names) {
      if (nodes.some(({ metadata }) => metadata.name === name)) seen.add(name)
      else if (seen.has(name)) throw new PlanOutdated(`node "${name}" has no Node object`)
    }
  }
}
