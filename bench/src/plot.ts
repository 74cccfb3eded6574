import type { Figure, Report } from './report.js'

const rowHeight = 24
const labelWidth = 150
const chartWidth = 560
const top = 30
const colors = { floor: '#94a3b8', bar: '#0f766e', mark: '#dc2626', text: '#1e293b' }

interface Bar {
  readonly name: string
  readonly value: number
  readonly most: number | undefined
  readonly text: string
  readonly color: string
}

/** Times as multiples of the floor, with a mark at what each may be. */
export function ratioPlot({ floorSeconds, tunedFloorSeconds, figures }: Report): string {
  const bars = Object.entries(figures).flatMap(([name, { ratio, medianSeconds, most }]): readonly Bar[] =>
    ratio === undefined
      ? []
      : [{ name, value: ratio, most, text: `${ratio} (${medianSeconds} s)`, color: colors.bar }],
  )
  const floor = {
    name: 'floor',
    value: 1,
    most: undefined,
    text: `1 (${floorSeconds} s)`,
    color: colors.floor,
  }
  const tuned = {
    name: 'tuned floor',
    value: tunedFloorSeconds / floorSeconds,
    most: undefined,
    text: `${(tunedFloorSeconds / floorSeconds).toPrecision(3)} (${tunedFloorSeconds} s)`,
    color: colors.floor,
  }
  return plot('Times, in floors', [floor, tuned, ...bars])
}

/** Memory that is not shared, and the page cache beside it. */
export function memoryPlot({ figures }: Report): string {
  const bars = Object.entries(figures).flatMap(([name, figure]: [string, Figure]): readonly Bar[] =>
    figure.unit === 'MiB' && figure.median !== undefined
      ? [
          {
            name,
            value: figure.median,
            most: figure.most,
            text: `${figure.median} MiB`,
            color: name.startsWith('cache') ? colors.floor : colors.bar,
          },
        ]
      : [],
  )
  return plot('Memory of an idle node', bars)
}

function plot(title: string, bars: readonly Bar[]): string {
  const largest = Math.max(...bars.flatMap(({ value, most }) => [value, most ?? 0]), Number.MIN_VALUE)
  const width = labelWidth + chartWidth + 120
  const height = top + bars.length * rowHeight + 12
  const x = (value: number): string => (labelWidth + (value / largest) * chartWidth).toFixed(1)
  const rows = bars.map(({ name, value, most, text, color }, index) => {
    const y = top + index * rowHeight
    const mark =
      most === undefined
        ? ''
        : `<line x1="${x(most)}" y1="${y}" x2="${x(most)}" y2="${y + 20}" stroke="${colors.mark}" stroke-width="2"/>`
    const end = Math.max(value, most ?? 0)
    return `<text x="10" y="${y + 15}">${name}</text>
<rect x="${labelWidth}" y="${y + 3}" width="${((value / largest) * chartWidth).toFixed(1)}" height="14" fill="${color}" rx="2"/>
${mark}<text x="${Number(x(end)) + 6}" y="${y + 15}" font-size="11">${text}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="${colors.text}">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="10" y="18" font-size="14">${title}; the red marks are what they may be</text>
${rows.join('\n')}
</svg>
`
}
