/** When a step of an operation ran, in milliseconds since 1970. Failed ones have a time, too. */
export interface StepTime {
  readonly id: string
  /** As in `Create node "quickstart-worker-1"`. */
  readonly title: string
  /** Ids of the steps it waited for. */
  readonly needs: readonly string[]
  readonly startMs: number
  readonly endMs: number
  /** Id of the step that this is a part of. */
  readonly within?: string | undefined
}

/** Is told the time of each step when that step has ended. */
export type StepClock = (time: StepTime) => void
