import type { TraceLine } from './world.js'

/** A story as a person reads it: time, who, what. */
export function timeline(trace: readonly TraceLine[]): string {
  const width = Math.max(...trace.map(({ who }) => who.length), 0)
  return trace.map(({ atMs, who, what }) => `${clockOf(atMs)}  ${who.padEnd(width)}  ${what}`).join('\n')
}

/** A time of a story. */
export function clockOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23)
}
