/** How core says what it is doing. It never prints; a renderer decides how this looks. */
export interface Progress {
  /** Runs `work` as a named phase. Its result and its error pass through unchanged. */
  phase<T>(title: string, work: (progress: Progress) => Promise<T>): Promise<T>
  /** A detail of the running phase, worth showing for a moment. */
  note(text: string): void
  /** Something the user should know after the command has ended. */
  warn(text: string): void
}

/** A progress that shows nothing. */
export const silentProgress: Progress = {
  phase: (_title, work) => work(silentProgress),
  note: () => undefined,
  warn: () => undefined,
}
