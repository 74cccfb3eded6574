import type { Floor } from './floor.js'
import type { Round } from './figures.js'
import { median, rounded } from './statistics.js'

export interface Figure {
  readonly ratio: number
  readonly medianSeconds: number
  readonly runs: number
}

export interface Report {
  readonly floorSeconds: number
  readonly figures: Readonly<Record<string, Figure>>
}

/** Medians, and their ratios to the floor's median of the same run. */
export function makeReport(floors: readonly Floor[], rounds: readonly Round[]): Report {
  const floorSeconds = median(floors.map(({ dnsAvailable }) => dnsAvailable))
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round)))]
  const figure = (name: string): Figure => {
    const values = rounds.flatMap((round) => round[name] ?? [])
    const medianSeconds = median(values)
    return {
      ratio: rounded(medianSeconds / floorSeconds),
      medianSeconds: rounded(medianSeconds),
      runs: values.length,
    }
  }
  return {
    floorSeconds: rounded(floorSeconds),
    figures: Object.fromEntries(names.map((name) => [name, figure(name)])),
  }
}

export function reportTable({ floorSeconds, figures }: Report): string {
  const rows = Object.entries(figures).map(([name, { ratio, medianSeconds, runs }]) => [
    name,
    medianSeconds,
    ratio,
    runs,
  ])
  const table = [['FIGURE', 'SECONDS', 'RATIO TO FLOOR', 'RUNS'], ['floor', floorSeconds, 1, ''], ...rows]
  return table
    .map((row) =>
      row
        .map((cell, column) => String(cell).padEnd([16, 10, 17, 5][column] ?? 0))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}
