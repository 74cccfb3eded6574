import type { Round } from './figures.js'
import type { Floor } from './floor.js'
import type { Bench, Scenario } from './scenarios/scenario.js'

/** One scenario after another. One that fails has no figure in this round, and says why. */
export async function measureRound(
  scenarios: readonly Scenario[],
  floor: Floor,
  bench: Bench,
): Promise<Round> {
  const rounds: Round[] = [
    {
      'floor-cpu-seconds': floor.cpuSeconds,
      ...(floor.join === undefined ? {} : { 'floor-join': floor.join }),
    },
  ]
  for (const scenario of scenarios) {
    try {
      const measured = await scenario.run(bench)
      console.error(JSON.stringify(measured))
      rounds.push(measured)
    } catch (error) {
      console.error(`no ${scenario.figures.join(', ')} in this round:`, error)
    }
  }
  return Object.assign({}, ...rounds) as Round
}
