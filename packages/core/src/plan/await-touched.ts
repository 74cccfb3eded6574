import type { Step } from './step.js'

/** The same plan, at whose end only nodes that it touches are waited for: others may be broken for long. Pure. */
export function awaitTouched(steps: readonly Step[]): readonly Step[] {
  const nodes = touchedNodes(steps)
  return steps.map((step) =>
    step.kind === 'await-ready' && step.id === 'ready'
      ? {
          ...step,
          nodes,
          dns: false,
          again: nodes,
          title: `Wait for ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}`,
        }
      : step,
  )
}

/** Names of the nodes that these steps set up, start or upgrade. Pure. */
export function touchedNodes(steps: readonly Step[]): readonly string[] {
  return [...new Set(steps.flatMap((step) => touchedBy(step) ?? []))].sort()
}

function touchedBy(step: Step): string | undefined {
  switch (step.kind) {
    case 'ensure-node':
    case 'upgrade-node':
      return step.node.name
    case 'boot-control-plane':
    case 'finish-control-plane':
    case 'join-control-plane':
    case 'start-worker':
    case 'register-node':
    case 'change-settings':
      return step.node
    default:
      return undefined
  }
}
