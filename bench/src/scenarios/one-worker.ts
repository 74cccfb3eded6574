import { memoryOf } from '../cgroup.js'
import { cgroupsOfNodes } from '../nodes.js'
import type { Scenario } from './scenario.js'
import { settle } from './settle.js'

/** One more worker and away again: what `--quick` measures. */
export const oneWorker: Scenario = {
  figures: ['create-1+1', 'add-worker', 'delete'],
  run: async ({ cluster, knest }) => {
    await knest.remove(cluster)
    const created = await knest.create(cluster, 1, 1)
    const added = await knest.run('scale', cluster, '1:2')
    await knest.run('scale', cluster, '1:1')
    return { 'create-1+1': created, 'add-worker': added, delete: await knest.run('delete', cluster) }
  },
}

/** A worker that has nothing to do, then ten more. */
export const tenWorkers: Scenario = {
  figures: ['memory-worker', 'cache-worker', 'add-10-workers'],
  run: async ({ cluster, knest }) => {
    await knest.remove(cluster)
    await knest.create(cluster, 1, 1)
    await settle()
    const [worker] = await cgroupsOfNodes(cluster, 'worker')
    if (worker === undefined) throw new Error('the cluster has no worker')
    const { own, cache } = memoryOf(worker)
    const added = await knest.run('scale', cluster, '1:11')
    await knest.remove(cluster)
    return { 'memory-worker': own, 'cache-worker': cache, 'add-10-workers': added }
  },
}
