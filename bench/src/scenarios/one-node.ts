import { setTimeout as delay } from 'node:timers/promises'
import { cpuSeconds, memoryOf } from '../cgroup.js'
import { cgroupsOfNodes } from '../nodes.js'
import type { Scenario } from './scenario.js'
import { settle } from './settle.js'

const idleMs = 30_000

/** A control plane alone: what it costs to make and to have, and two more. */
export const oneNode: Scenario = {
  figures: [
    ...(['create-1+0', 'cpu-seconds', 'idle-cpu', 'memory-control-plane'] as const),
    ...(['cache-control-plane', 'add-control-planes'] as const),
  ],
  run: async ({ cluster, knest }) => {
    await knest.remove(cluster)
    const created = await knest.watchedCreate(cluster, 1, 0)
    const [node] = await cgroupsOfNodes(cluster, 'control-plane')
    if (node === undefined) throw new Error('the cluster has no control plane')
    const cpu = cpuSeconds(node) + created.cpuSeconds
    await settle()
    const before = cpuSeconds(node)
    await delay(idleMs)
    const idle = ((cpuSeconds(node) - before) / (idleMs / 1000)) * 100
    const { own, cache } = memoryOf(node)
    const grow = await knest.run('scale', cluster, '3:')
    await knest.remove(cluster)
    return {
      'create-1+0': created.seconds,
      'cpu-seconds': cpu,
      'idle-cpu': idle,
      'memory-control-plane': own,
      'cache-control-plane': cache,
      'add-control-planes': grow,
    }
  },
}
