import { KnestError } from '../errors.js'

/** What the plan was made of is no more so: looking again gives another one. */
export class PlanOutdated extends KnestError {
  /** Whose answer it was, if it was a node's: it can be asked, whatever the host says of it by then. */
  readonly node: string | undefined

  constructor(why: string, node?: string) {
    super('conflict', `${why}, other than when this run began`, {
      hint: 'run the same command again to go on',
    })
    this.node = node
  }
}
