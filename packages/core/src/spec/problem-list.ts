import { KnestError, PreflightError, type Problem } from '../errors.js'

/** Gathers what is wrong, so that the user hears of everything at once. */
export class ProblemList {
  readonly problems: Problem[] = []

  error(message: string, hint: string): void {
    this.problems.push({ message, hint, severity: 'error' })
  }

  /** Runs `read`; a KnestError it throws becomes a problem that begins with `what`. */
  try<T>(what: string, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof KnestError)) throw error
      this.error(`${what} ${error.message}`, error.hint ?? 'correct the value')
      return undefined
    }
  }

  /** Throws one PreflightError with all that was gathered. */
  throwIfAny(): void {
    if (this.problems.length > 0) throw new PreflightError('config', this.problems)
  }
}
