import { PassThrough, type Readable } from 'node:stream'

const room = 256 * 1024

/**
 * Copies of one stream, read at the pace of the slowest; one that nobody reads any more is left out. An error of the
 * source is the error of each copy. When the last copy is closed, the source is destroyed.
 */
export function fanOut(source: Readable, copies: number): readonly Readable[] {
  const outs = Array.from({ length: copies }, () => new PassThrough({ highWaterMark: room }))
  // Whoever reads a copy hears of its error by reading; one that is not read yet must not end the process.
  for (const out of outs) out.on('error', () => undefined)
  void pump(source, outs)
  return outs
}

async function pump(source: Readable, outs: readonly PassThrough[]): Promise<void> {
  const open = (): readonly PassThrough[] => outs.filter((out) => !out.destroyed)
  for (const out of outs)
    out.once('close', () => {
      if (open().length === 0) source.destroy()
    })
  try {
    for await (const chunk of source) {
      const full = open().filter((out) => !out.write(chunk))
      await Promise.all(full.map(drained))
      if (open().length === 0) return
    }
    for (const out of open()) out.end()
  } catch (error) {
    for (const out of open()) out.destroy(error instanceof Error ? error : new Error(String(error)))
  }
}

/** Resolves also when it is closed instead. */
function drained(out: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    if (out.destroyed) {
      resolve()
      return
    }
    const done = (): void => {
      out.off('drain', done)
      out.off('close', done)
      resolve()
    }
    out.on('drain', done)
    out.on('close', done)
  })
}
