/** One file of what is exported for a bug report: text, without secrets. */
export interface LogFile {
  /** With slashes, below the folder of the export. */
  readonly path: string
  readonly text: string
}

/** Something that can be had for it, or not. */
export interface LogPart {
  readonly path: string
  read(signal: AbortSignal): Promise<string>
}

export interface ExportedLogs {
  /** How many files were handed over, the two about the export itself among them. */
  readonly files: number
  /** What could not be had and why, a sentence part each. */
  readonly missing: readonly string[]
  /** Of which only the end was taken, with the sizes. */
  readonly cut: readonly string[]
}
