import type { Progress } from 'knest'

/** Shows one command's progress on stderr. */
export interface Renderer {
  readonly progress: Progress
  /** Something the user must read while phases are running. */
  announce(text: string): void
  /** Ends the display and prints the warnings collected. */
  close(): Promise<void>
}

export type ProgressStyle = 'tty' | 'plain' | 'json' | 'quiet'

export type Write = (text: string) => void

export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}s`
}
