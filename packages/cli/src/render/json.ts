import type { Progress } from 'knest'
import type { Renderer, Write } from './renderer.js'

/** One JSON object per line: for programs that show the progress themselves. */
export function jsonRenderer(write: Write, now: () => Date, start = now().getTime()): Renderer {
  const event = (fields: Record<string, unknown>): void => {
    write(`${JSON.stringify({ elapsedMs: now().getTime() - start, ...fields })}\n`)
  }
  const progress = (path: readonly string[]): Progress => ({
    async phase(title, work) {
      const phase = [...path, title]
      event({ event: 'start', phase })
      try {
        const result = await work(progress(phase))
        event({ event: 'end', phase })
        return result
      } catch (error) {
        event({ event: 'fail', phase })
        throw error
      }
    },
    note: (text) => event({ event: 'note', phase: path, text }),
    warn: (text) => event({ event: 'warning', phase: path, text }),
  })
  return {
    progress: progress([]),
    announce: (text) => event({ event: 'note', phase: [], text }),
    close: () => Promise.resolve(),
  }
}
