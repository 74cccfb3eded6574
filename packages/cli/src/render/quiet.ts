import { silentProgress } from 'knest'
import type { Renderer, Write } from './renderer.js'

/** Says nothing but what the user must react to. */
export function quietRenderer(write: Write): Renderer {
  return { progress: silentProgress, announce: (text) => write(`${text}\n`), close: () => Promise.resolve() }
}
