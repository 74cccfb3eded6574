import type { FigureName, Round } from '../figures.js'
import type { Knest } from '../knest.js'

export interface Bench {
  /** Of the one cluster that is there at a time. */
  readonly cluster: string
  readonly image: string
  readonly knest: Knest
}

/** One cluster's life, and what is measured of it. */
export interface Scenario {
  readonly figures: readonly FigureName[]
  run(bench: Bench): Promise<Round>
}
