import type { Progress } from 'knest'
import { formatSeconds, type Renderer, type Write } from './renderer.js'

/** One line per event with the time since the start: for logs and CI. */
export function plainRenderer(write: Write, now: () => Date): Renderer {
  const start = now().getTime()
  const warnings = new Set<string>()
  const line = (depth: number, text: string): void => {
    const elapsed = formatSeconds(now().getTime() - start).padStart(7)
    write(`[${elapsed}] ${'  '.repeat(depth)}${text}\n`)
  }
  const progress = (depth: number): Progress => ({
    async phase(title, work) {
      const begun = now().getTime()
      line(depth, `${title} ...`)
      try {
        const result = await work(progress(depth + 1))
        line(depth, `${title}: done in ${formatSeconds(now().getTime() - begun)}`)
        return result
      } catch (error) {
        line(depth, `${title}: failed after ${formatSeconds(now().getTime() - begun)}`)
        throw error
      }
    },
    note: (text) => line(depth, text),
    warn: (text) => warnings.add(text),
  })
  return {
    progress: progress(0),
    announce: (text) => line(0, text),
    close() {
      for (const text of warnings) write(`warning: ${text}\n`)
      return Promise.resolve()
    },
  }
}
