import { median } from '../statistics.js'
import type { Scenario } from './scenario.js'

/** The command itself: how soon it has an answer of the host, how much it asks the host for. */
export const command: Scenario = {
  figures: ['cli-start', 'host-requests'],
  run: async ({ cluster, knest }) => {
    await knest.remove(cluster)
    const starts: number[] = []
    for (let time = 0; time < 5; time++) starts.push(await knest.run('list'))
    const { hostRequests } = await knest.watchedCreate(cluster, 1, 1)
    await knest.remove(cluster)
    return { 'cli-start': median(starts), 'host-requests': hostRequests }
  },
}
