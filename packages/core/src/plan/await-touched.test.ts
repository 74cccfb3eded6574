import { expect, it } from 'vitest'
import { resolveSpec } from '../spec/resolve.js'
import { awaitTouched } from './await-touched.js'
import { planCluster } from './plan.js'

it('waits for nodes that the plan makes or joins, and for no others', () => {
  const node = (name: string, disk: 'bootstrapped' | 'empty') => ({
    name,
    role: name.includes('-cp-') ? ('control-plane' as const) : ('worker' as const),
    pool: name.includes('-cp-') ? 'cp' : 'worker',
    backend: 'pod' as const,
    phase: 'running' as const,
    disk,
  })
  const spec = resolveSpec({ workers: [{ count: 2 }] }, { force: false })
  const steps = planCluster({ name: 'demo', namespace: 'knest-demo' }, spec, {
    nodes: [
      node('demo-cp-0', 'bootstrapped'),
      node('demo-worker-0', 'bootstrapped'),
      node('demo-worker-1', 'empty'),
    ],
    members: ['demo-cp-0', 'demo-worker-0', 'demo-worker-1'],
    addonsInstalled: true,
  })
  expect(awaitTouched(steps).at(-1)).toMatchObject({
    kind: 'await-ready',
    nodes: ['demo-worker-1'],
    dns: false,
    again: ['demo-worker-1'],
    title: 'Wait for 1 node',
  })
})
