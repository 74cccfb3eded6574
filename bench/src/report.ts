import { figureKinds, isFigureName, isRatio, type FigureKind, type FigureName } from './figures.js'
import type { FloorKind } from './floor.js'
import type { Floors, Measured } from './round.js'
import { median, rounded } from './statistics.js'

/** A time of a command has seconds and its ratios to the floors, anything else a value in its unit. */
export interface Figure {
  readonly ratio?: number
  readonly ratioToTuned?: number
  readonly medianSeconds?: number
  readonly median?: number
  readonly unit?: FigureKind['unit']
  /** What `ratio` or `median` must not exceed. */
  readonly most?: number
  readonly runs: number
  /** Rounds that have no figure, since they failed: the medians are without them. */
  readonly failed: number
}

export interface Report {
  readonly floorSeconds: number
  readonly tunedFloorSeconds: number
  /** Until the node alone is Ready, DNS or not. */
  readonly floorNodeSeconds: number
  readonly tunedFloorNodeSeconds: number
  readonly figures: Readonly<Partial<Record<FigureName, Figure>>>
}

/** Medians, and their ratios to the floors' medians of the same run. */
export function makeReport(floors: readonly Floors[], rounds: readonly Measured[]): Report {
  const floorOf = (kind: FloorKind, time: 'nodeReady' | 'dnsAvailable'): number =>
    median(floors.map((each) => each[kind][time]))
  const [plain, tuned] = [floorOf('plain', 'dnsAvailable'), floorOf('tuned', 'dnsAvailable')]
  const named = new Set(rounds.flatMap(({ figures, failed }) => [...Object.keys(figures), ...failed]))
  const figure = (name: FigureName): Figure => {
    const values = rounds.flatMap(({ figures }) => figures[name] ?? [])
    const { unit, most }: FigureKind = figureKinds[name]
    const known = {
      ...(most === undefined ? {} : { most }),
      runs: values.length,
      failed: rounds.filter(({ failed }) => failed.includes(name)).length,
    }
    if (values.length === 0) return { unit, ...known }
    const value = median(values)
    if (!isRatio(name)) return { median: rounded(value), unit, ...known }
    const ratios = { ratio: rounded(value / plain), ratioToTuned: rounded(value / tuned) }
    return { ...ratios, medianSeconds: rounded(value), ...known }
  }
  return {
    floorSeconds: rounded(plain),
    tunedFloorSeconds: rounded(tuned),
    floorNodeSeconds: rounded(floorOf('plain', 'nodeReady')),
    tunedFloorNodeSeconds: rounded(floorOf('tuned', 'nodeReady')),
    figures: Object.fromEntries([...named].filter(isFigureName).map((name) => [name, figure(name)])),
  }
}

/** What must not exceed `most`. */
function measureOf({ ratio, median: value }: Figure): number {
  return ratio ?? value ?? 0
}

export function reportTable(report: Report): string {
  const rows = Object.entries(report.figures).map(([name, figure]) => {
    const { medianSeconds, median: value, unit, most, ratio, ratioToTuned, runs, failed } = figure
    const aim = most === undefined ? '' : `${most}${measureOf(figure) > most ? ' missed' : ''}`
    const amount =
      runs === 0 ? '-' : medianSeconds === undefined ? `${value ?? ''} ${unit ?? ''}` : `${medianSeconds} s`
    return [
      name,
      amount,
      ratio ?? '',
      ratioToTuned ?? '',
      aim,
      failed === 0 ? runs : `${runs}, ${failed} FAILED`,
    ]
  })
  const { floorSeconds: plain, tunedFloorSeconds: tuned } = report
  const table = [
    ['FIGURE', 'MEDIAN', 'TO PLAIN FLOOR', 'TO TUNED FLOOR', 'AT MOST (PLAIN)', 'RUNS'],
    ['floor', `${plain} s`, 1, rounded(plain / tuned), '', ''],
    ['tuned floor', `${tuned} s`, rounded(tuned / plain), 1, '', ''],
    ['floor, node Ready', `${report.floorNodeSeconds} s`, '', '', '', ''],
    ['tuned, node Ready', `${report.tunedFloorNodeSeconds} s`, '', '', '', ''],
    ...rows,
  ]
  return aligned(table, [25, 15, 16, 16, 17])
}

/** Medians of two builds that were measured in turn, and the ratio of the first to the second. */
export function comparisonTable(rounds: readonly Measured[], besideRounds: readonly Measured[]): string {
  const values = (of: readonly Measured[], name: FigureName): readonly number[] =>
    of.flatMap(({ figures }) => figures[name] ?? [])
  const rows = [...new Set(rounds.flatMap(({ figures }) => Object.keys(figures)))]
    .filter(isFigureName)
    .filter((name) => !name.includes('floor') && values(besideRounds, name).length > 0)
    .map((name) => {
      const own = median(values(rounds, name))
      const beside = median(values(besideRounds, name))
      return [name, rounded(own), rounded(beside), rounded(own / beside)]
    })
  return aligned([['FIGURE', 'THIS BUILD', 'THE OTHER', 'RATIO'], ...rows], [22, 15, 15])
}

function aligned(table: readonly (readonly (string | number)[])[], widths: readonly number[]): string {
  return table
    .map((row) =>
      row
        .map((cell, column) => String(cell).padEnd(widths[column] ?? 0))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}
