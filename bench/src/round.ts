import type { FigureName, Round } from './figures.js'
import type { Floor, FloorKind } from './floor.js'
import type { Bench, Scenario } from './scenarios/scenario.js'

/** The floors of one round. */
export type Floors = Readonly<Record<FloorKind, Floor>>

export interface Measured {
  readonly figures: Round
  /** What this round has no figures of, since it failed. */
  readonly failed: readonly FigureName[]
}

/** One scenario after another. One that fails has no figure in this round, and says why. */
export async function measureRound(
  scenarios: readonly Scenario[],
  { plain, tuned }: Floors,
  bench: Bench,
): Promise<Measured> {
  const rounds: Round[] = [
    {
      'floor-cpu-seconds': plain.cpuSeconds,
      'tuned-floor-cpu-seconds': tuned.cpuSeconds,
      ...(plain.join === undefined ? {} : { 'floor-join': plain.join }),
    },
  ]
  const failed: FigureName[] = []
  for (const scenario of scenarios) {
    try {
      const measured = await scenario.run(bench)
      console.error(JSON.stringify(measured))
      rounds.push(measured)
    } catch (error) {
      failed.push(...scenario.figures)
      console.error(`no ${scenario.figures.join(', ')} in this round:`, error)
    }
  }
  return { figures: Object.assign({}, ...rounds) as Round, failed }
}
