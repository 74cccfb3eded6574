import { expect, test } from 'vitest'
import type { HealReport } from '@knest/core'
import { createMetrics, type Metrics, type ReconcileResult } from './metrics.js'

const report: HealReport = {
  phase: 'Deleting',
  actions: [
    { type: 'Normal', reason: 'Mended', message: 'a' },
    { type: 'Warning', reason: 'NodeNotReplaced', message: 'b' },
  ],
  nodes: [{ name: 'q-cp-0', role: 'control-plane', health: 'healthy' }],
  nextAt: undefined,
}
const results: readonly ReconcileResult[] = ['done', 'busy', 'refused', 'failed']

async function seriesOf(metrics: Metrics, cluster: string): Promise<readonly string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.includes(`cluster="${cluster}"`))
}

test('a cluster that is gone leaves no series, and others keep theirs', async () => {
  const metrics = createMetrics()
  for (const cluster of ['team/q', 'team/p'])
    for (const result of results) metrics.reconciled(cluster, result, 1, report)
  const names = ['knest_reconcile_total', 'knest_actions_total', 'knest_nodes', 'knest_cluster_phase']
  const before = await seriesOf(metrics, 'team/p')
  for (const name of names) expect(before.some((line) => line.startsWith(name))).toBe(true)
  metrics.forget('team/q')
  expect(await seriesOf(metrics, 'team/q')).toEqual([])
  expect(await seriesOf(metrics, 'team/p')).toEqual(before)
  metrics.reconciled('team/q', 'done', 1)
  expect(await seriesOf(metrics, 'team/q')).toEqual([
    'knest_reconcile_total{cluster="team/q",result="done"} 1',
  ])
})

test('who waits in the queue is told by kind, as it is when it is asked for', async () => {
  const metrics = createMetrics()
  const none = { waiting: 0, taken: 0, oldestMs: 0 }
  let look = none
  metrics.observe({ count: () => ({ look, work: none, deletion: none }) })
  look = { waiting: 3, taken: 8, oldestMs: 1_500 }
  const lines = (await metrics.text()).split('\n')
  expect(lines).toContain('knest_queue_depth{kind="look"} 3')
  expect(lines).toContain('knest_queue_oldest_seconds{kind="look"} 1.5')
  expect(lines).toContain('knest_queue_active{kind="look"} 8')
  expect(lines).toContain('knest_queue_depth{kind="deletion"} 0')
})
