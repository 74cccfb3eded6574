import { KnestError } from 'knest'
import type { Readable, Writable } from 'node:stream'

/** Asks a yes-or-no question; anything but `y` or `yes` is a no. Ctrl-C and Ctrl-D throw `cancelled`. */
export async function confirm(question: string, input: Readable, output: Writable): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input, output })
  const gone = new Promise<never>((_resolve, reject) => {
    lines.once('close', () => reject(new KnestError('cancelled', 'nothing was changed')))
    lines.once('SIGINT', () => lines.close())
  })
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), gone])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    gone.catch(() => undefined)
    lines.close()
  }
}
