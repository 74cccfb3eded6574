import type { Caller, Mishap } from './api.js'

/** A command or a controller: a process that can be killed. What it was about to do nobody sees any more. */
export class Process implements Caller {
  readonly name: string
  readonly isKnest = true
  /** `create`, `scale`, `controller` and so on. */
  readonly kind: string
  readonly mishap: (call: string) => Mishap | undefined
  /** Of the cluster when it began. */
  phase = 'none'
  /** Its clock is not that of the world. */
  skewMs = 0
  #isDead = false
  hasEnded = false

  constructor(name: string, kind: string, mishap: (call: string) => Mishap | undefined) {
    this.name = name
    this.kind = kind
    this.mishap = mishap
  }

  isDead = (): boolean => this.#isDead

  kill(): void {
    this.#isDead = true
  }
}
