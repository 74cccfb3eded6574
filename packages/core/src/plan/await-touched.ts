import type { Step } from './step.js'

/** The same plan, at whose end only nodes that it touches are waited for: others may be broken for long. Pure. */
export function awaitTouched(steps: readonly Step[]): readonly Step[] {
  const touched = steps.flatMap((step) => touchedBy(step) ?? [])
  const nodes = [...new Set(touched)].sort()
  return steps.map((step) =>
    step.kind === 'await-ready' && step.id === 'ready'
      ? {
          ...step,
          nodes,
          dns: false,
          title: `Wait for ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}`,
        }
      : step,
  )
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
      return step.node
    default:
      return undefined
  }
}
