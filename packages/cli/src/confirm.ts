import { createInterface } from 'node:readline/promises'
import { KnestError, type TerminalStreams } from 'knest'

/** Asks a yes-or-no question on the terminal; anything but `y` or `yes` throws `cancelled`. */
export async function confirm(terminal: TerminalStreams, question: string): Promise<void> {
  const lines = createInterface({ input: terminal.stdin, output: terminal.stdout })
  try {
    const answer = await lines.question(`${question} [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new KnestError('cancelled', 'nothing was changed')
  } finally {
    lines.close()
  }
}
