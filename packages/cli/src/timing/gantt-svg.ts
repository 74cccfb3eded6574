import { formatSeconds } from '../render/renderer.js'
import type { Bar, Timeline } from './timeline.js'

const rowHeight = 22
const labelWidth = 340
const chartWidth = 620
const top = 34
const colors = { critical: '#c2410c', other: '#64748b', grid: '#e2e8f0', text: '#1e293b' }

/** A Gantt chart: one row a step, critical ones in another colour. Readable on light and dark pages. */
export function ganttSvg({ bars, totalMs }: Timeline, title: string): string {
  const width = labelWidth + chartWidth + 60
  const height = top + bars.length * rowHeight + 30
  const x = (ms: number): number => Number((labelWidth + (ms / Math.max(totalMs, 1)) * chartWidth).toFixed(1))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="10" y="20" font-size="14" fill="${colors.text}">${escape(title)}: ${formatSeconds(totalMs)}</text>
${ticks(totalMs)
  .map((ms) => tick(x(ms), ms, height))
  .join('\n')}
${bars.map((bar, index) => row(bar, top + index * rowHeight, x)).join('\n')}
</svg>
`
}

function row({ title, depth, startMs, endMs, critical }: Bar, y: number, x: (ms: number) => number): string {
  const width = Math.max(x(endMs) - x(startMs), 1).toFixed(1)
  const weight = critical ? ' font-weight="bold"' : ''
  const fill = critical ? colors.critical : colors.other
  const text = y + 15
  return `<text x="${10 + depth * 14}" y="${text}" fill="${colors.text}"${weight}>${escape(title)}</text>
<rect x="${x(startMs)}" y="${y + 4}" width="${width}" height="${rowHeight - 8}" fill="${fill}" rx="2"/>
<text x="${x(endMs) + 4}" y="${text}" font-size="11" fill="${colors.text}">${formatSeconds(endMs - startMs)}</text>`
}

function tick(x: number, ms: number, height: number): string {
  return `<line x1="${x}" y1="${top - 4}" x2="${x}" y2="${height - 22}" stroke="${colors.grid}"/>
<text x="${x}" y="${height - 8}" text-anchor="middle" font-size="11" fill="${colors.text}">${ms / 1000} s</text>`
}

/** At round seconds, about ten of them. */
function ticks(totalMs: number): readonly number[] {
  const stepMs = [200, 500, 1000, 2000, 5000, 10_000, 30_000].find((ms) => totalMs / ms <= 12) ?? 60_000
  return Array.from({ length: Math.floor(totalMs / stepMs) + 1 }, (_, index) => index * stepMs)
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
