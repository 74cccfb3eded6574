import {
  figureKinds,
  isFigureName,
  isRatio,
  type FigureKind,
  type FigureName,
  type Round,
} from './figures.js'
import type { Floor } from './floor.js'
import { median, rounded } from './statistics.js'

/** A time of a command has seconds and a ratio to the floor, anything else a value in its unit. */
export interface Figure {
  readonly ratio?: number
  readonly medianSeconds?: number
  readonly median?: number
  readonly unit?: FigureKind['unit']
  /** What `ratio` or `median` must not exceed. */
  readonly most?: number
  readonly runs: number
}

export interface Report {
  readonly floorSeconds: number
  readonly figures: Readonly<Partial<Record<FigureName, Figure>>>
}

/** Medians, and their ratios to the floor's median of the same run. */
export function makeReport(floors: readonly Floor[], rounds: readonly Round[]): Report {
  const floorSeconds = median(floors.map(({ dnsAvailable }) => dnsAvailable))
  const measured = [...new Set(rounds.flatMap((round) => Object.keys(round)))].filter(isFigureName)
  const figure = (name: FigureName): Figure => {
    const values = rounds.flatMap((round) => round[name] ?? [])
    const value = median(values)
    const { unit, most }: FigureKind = figureKinds[name]
    const known = { ...(most === undefined ? {} : { most }), runs: values.length }
    if (!isRatio(name)) return { median: rounded(value), unit, ...known }
    return { ratio: rounded(value / floorSeconds), medianSeconds: rounded(value), ...known }
  }
  return {
    floorSeconds: rounded(floorSeconds),
    figures: Object.fromEntries(measured.map((name) => [name, figure(name)])),
  }
}

/** What must not exceed `most`. */
function measureOf({ ratio, median: value }: Figure): number {
  return ratio ?? value ?? 0
}

export function reportTable({ floorSeconds, figures }: Report): string {
  const rows = Object.entries(figures).map(([name, figure]) => {
    const { medianSeconds, median: value, unit, most } = figure
    const aim = most === undefined ? '' : `${most}${measureOf(figure) > most ? ' missed' : ''}`
    const amount = medianSeconds === undefined ? `${value ?? ''} ${unit ?? ''}` : `${medianSeconds} s`
    return [name, amount, figure.ratio ?? '', aim, figure.runs]
  })
  const table = [
    ['FIGURE', 'MEDIAN', 'RATIO TO FLOOR', 'AT MOST', 'RUNS'],
    ['floor', `${floorSeconds} s`, 1, '', ''],
    ...rows,
  ]
  return aligned(table, [22, 15, 17, 14])
}

/** Medians of two builds that were measured in turn, and the ratio of the first to the second. */
export function comparisonTable(rounds: readonly Round[], besideRounds: readonly Round[]): string {
  const values = (of: readonly Round[], name: FigureName): readonly number[] =>
    of.flatMap((round) => round[name] ?? [])
  const rows = [...new Set(rounds.flatMap((round) => Object.keys(round)))]
    .filter(isFigureName)
    .filter((name) => !name.startsWith('floor') && values(besideRounds, name).length > 0)
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
