import { knest, remove, watchedCreate } from '../knest.js'
import { median } from '../statistics.js'
import type { Scenario } from './scenario.js'

/** The command itself: how soon it runs, how much it asks the host for. */
export const command: Scenario = {
  figures: ['cli-start', 'host-requests'],
  run: async ({ cluster }) => {
    const starts: number[] = []
    for (let time = 0; time < 5; time++) starts.push(await knest('--version'))
    await remove(cluster)
    const { hostRequests } = await watchedCreate(cluster, 1, 1)
    await remove(cluster)
    return { 'cli-start': median(starts), 'host-requests': hostRequests }
  },
}
