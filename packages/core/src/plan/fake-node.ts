import type { ObservedNode } from './observed.js'

/** For tests: a node that runs and is part of its cluster, but for `part`; by its name a control plane or a worker. */
export function fakeNode(name: string, part: Partial<ObservedNode> = {}): ObservedNode {
  const isControlPlane = name.includes('-cp-')
  return {
    name,
    role: isControlPlane ? 'control-plane' : 'worker',
    pool: isControlPlane ? 'cp' : 'worker',
    backend: 'pod',
    phase: 'running',
    ready: true,
    disk: 'bootstrapped',
    ...part,
  }
}
