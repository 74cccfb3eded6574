import type { Problem } from '../../errors.js'
import type { Locate, Path } from '../schema-problems.js'

/** Gathers what of a kind file becomes something else, or nothing: each with the line it stands on. */
export class Report {
  readonly unsupported: Problem[] = []
  readonly warnings: string[] = []
  readonly #locate: Locate

  constructor(locate: Locate) {
    this.#locate = locate
  }

  /** The cluster would lack it. */
  lacks(path: Path, what: string, hint: string): void {
    this.unsupported.push({ message: `${this.#locate(path)}${what}`, hint, severity: 'error' })
  }

  /** The cluster is the same without it, or has it in another way. */
  warn(path: Path, what: string): void {
    this.warnings.push(`${this.#locate(path)}${what}`)
  }
}
