import type { FigureName } from '../figures.js'
import type { Scenario } from './scenario.js'

function larger(figure: FigureName, controlPlanes: number, workers: number): Scenario {
  return {
    figures: [figure],
    run: async ({ cluster, knest }) => {
      await knest.remove(cluster)
      const seconds = await knest.create(cluster, controlPlanes, workers)
      await knest.remove(cluster)
      return { [figure]: seconds }
    },
  }
}

export const threeWorkers = larger('create-1+3', 1, 3)
export const threeAndThree = larger('create-3+3', 3, 3)
