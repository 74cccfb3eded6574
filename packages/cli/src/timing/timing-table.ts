import { formatSeconds } from '../render/renderer.js'
import { renderTable } from '../render/table.js'
import type { Timeline } from './timeline.js'

/** What ran when; the times in the last column add up to the whole. */
export function timingTable({ bars, totalMs }: Timeline): string {
  const rows = bars.map(({ title, depth, startMs, endMs, critical }) => {
    const took = formatSeconds(endMs - startMs)
    return [
      '  '.repeat(depth) + title,
      formatSeconds(startMs),
      formatSeconds(endMs),
      took,
      critical ? took : '',
    ]
  })
  const total = ['(all)', formatSeconds(0), formatSeconds(totalMs), formatSeconds(totalMs), '']
  return renderTable(['STEP', 'START', 'END', 'TIME', 'CRITICAL'], [...rows, total])
}
