import { KnestError } from '../errors.js'

/** What the plan was made of is no more so: looking again gives another one. */
export class PlanOutdated extends KnestError {
  constructor(why: string) {
    super('conflict', `${why}, other than when this run began`, {
      hint: 'run the same command again to go on',
    })
  }
}
