import type { HealReport } from '@knest/core'
import type { PlaceCount } from './fair-places.js'
import type { WorkQueue } from './work-queue.js'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type ReconcileResult = 'done' | 'busy' | 'refused' | 'failed' | 'interrupted'

export interface Metrics {
  /** What one look at a cluster found and did. */
  reconciled(cluster: string, result: ReconcileResult, seconds: number, report?: HealReport): void
  /** Tells from now on who waits in this queue. */
  observe(queue: Pick<WorkQueue, 'count'>): void
  /** Removes every series of a cluster that is gone. */
  forget(cluster: string): void
  /** In Prometheus' text format. */
  text(): Promise<string>
  readonly contentType: string
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const runs = new Counter({
    name: 'knest_reconcile_total',
    help: 'Looks at a cluster, by how they ended.',
    labelNames: ['cluster', 'result'],
    registers,
  })
  const duration = new Histogram({
    name: 'knest_reconcile_duration_seconds',
    help: 'How long one look at a cluster took, with all that was done then.',
    buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300],
    registers,
  })
  const actions = new Counter({
    name: 'knest_actions_total',
    help: 'What was done to a cluster or refused, by the reason of its Event.',
    labelNames: ['cluster', 'reason'],
    registers,
  })
  const latest = new Map<string, HealReport>()
  /** By cluster, a way to remove each of its series. */
  const series = new Map<string, Map<string, () => void>>()
  const count = <T extends 'result' | 'reason'>(
    counter: Counter<'cluster' | T>,
    cluster: string,
    label: T,
    value: string,
  ): void => {
    const labels = { cluster, [label]: value } as Record<'cluster' | T, string>
    counter.inc(labels)
    const own = series.get(cluster) ?? new Map<string, () => void>()
    series.set(
      cluster,
      own.set(`${label} ${value}`, () => counter.remove(labels)),
    )
  }
  new Gauge({
    name: 'knest_nodes',
    help: 'Nodes of a cluster as they were found last.',
    labelNames: ['cluster', 'role', 'health'],
    registers,
    collect() {
      this.reset()
      for (const [cluster, report] of latest)
        for (const { role, health } of report.nodes) this.inc({ cluster, role, health })
    },
  })
  new Gauge({
    name: 'knest_cluster_phase',
    help: 'Always 1: the phase of a cluster.',
    labelNames: ['cluster', 'phase'],
    registers,
    collect() {
      this.reset()
      for (const [cluster, { phase }] of latest) this.set({ cluster, phase }, 1)
    },
  })
  let queue: Pick<WorkQueue, 'count'> | undefined
  const ofQueue = (name: string, help: string, valueOf: (count: PlaceCount) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['kind'],
      registers,
      collect() {
        for (const [kind, count] of Object.entries(queue?.count() ?? {})) this.set({ kind }, valueOf(count))
      },
    })
  }
  ofQueue(
    'knest_queue_depth',
    'Clusters that wait for their turn: a look, work that a look found to be done, a deletion.',
    ({ waiting }) => waiting,
  )
  ofQueue(
    'knest_queue_oldest_seconds',
    'How long the cluster has waited for its turn that waits longest.',
    ({ oldestMs }) => oldestMs / 1000,
  )
  ofQueue(
    'knest_queue_active',
    'Clusters whose turn it is; those that wait for something on the host do not count.',
    ({ taken }) => taken,
  )
  return {
    observe: (observed) => void (queue = observed),
    reconciled: (cluster, result, seconds, report) => {
      count(runs, cluster, 'result', result)
      duration.observe(seconds)
      if (report === undefined) return
      for (const { reason } of report.actions) count(actions, cluster, 'reason', reason)
      latest.set(cluster, report)
    },
    forget: (cluster) => {
      latest.delete(cluster)
      for (const remove of series.get(cluster)?.values() ?? []) remove()
      series.delete(cluster)
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
