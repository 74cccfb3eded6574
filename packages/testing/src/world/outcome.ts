/** How a command on a node ended. */
export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export const fine: Outcome = { exitCode: 0, stdout: '', stderr: '' }

export function failed(stderr: string, exitCode = 1): Outcome {
  return { exitCode, stdout: '', stderr }
}
