import { expect, it } from 'vitest'
import { comparisonTable, makeReport, reportTable } from './report.js'
import type { Round } from './figures.js'
import { ratioPlot } from './plot.js'
import type { Measured } from './round.js'

const floors = [19, 21, 20].map((dnsAvailable) => ({
  plain: { nodeReady: 12, dnsAvailable, cpuSeconds: 15 },
  tuned: { nodeReady: 9, dnsAvailable: dnsAvailable / 2, cpuSeconds: 15 },
}))
const fine = (...rounds: readonly Round[]): readonly Measured[] =>
  rounds.map((figures) => ({ figures, failed: [] }))

it('gives medians and their ratios to the median floor', () => {
  const report = makeReport(floors, fine({ delete: 5 }, { delete: 3 }, { delete: 4 }))
  expect(report).toEqual({
    floorSeconds: 20,
    tunedFloorSeconds: 10,
    floorNodeSeconds: 12,
    tunedFloorNodeSeconds: 9,
    figures: {
      delete: { ratio: 0.2, ratioToTuned: 0.4, medianSeconds: 4, most: 0.1, runs: 3, failed: 0 },
    },
  })
  expect(reportTable(report)).toMatch(/^tuned floor +10 s +0\.5 +1$/m)
  expect(reportTable(report)).toMatch(/^delete +4 s +0\.2 +0\.4 +0\.1 missed +3$/m)
})

it('counts rounds that failed, also when none is left', () => {
  const report = makeReport(floors, [
    { figures: { 'create-1+1': 12 }, failed: ['delete'] },
    { figures: {}, failed: ['create-1+1', 'delete'] },
  ])
  expect(report.figures).toMatchObject({
    'create-1+1': { medianSeconds: 12, runs: 1, failed: 1 },
    delete: { runs: 0, failed: 2 },
  })
  expect(reportTable(report)).toMatch(/^create-1\+1 +12 s .* 1, 1 FAILED$/m)
  expect(reportTable(report)).toMatch(/^delete +- +0\.1 +0, 2 FAILED$/m)
})

it('gives no ratio for what is no time of a command', () => {
  const report = makeReport(
    floors,
    fine({ 'memory-worker': 81.234, 'cpu-seconds': 10 }, { 'memory-worker': 80 }),
  )
  expect(report.figures).toEqual({
    'memory-worker': { median: 80.6, unit: 'MiB', most: 90, runs: 2, failed: 0 },
    'cpu-seconds': { median: 10, unit: 's', most: 11, runs: 1, failed: 0 },
  })
  expect(reportTable(report)).toMatch(/^memory-worker +80\.6 MiB +90 +2$/m)
})

it('plots a bar for every ratio, with a mark where it may end', () => {
  const svg = ratioPlot(makeReport(floors, fine({ delete: 4, 'create-1+0': 10, 'memory-worker': 80 })))
  expect(svg.match(/<rect x=/g)).toHaveLength(4)
  expect(svg.match(/stroke="#dc2626"/g)).toHaveLength(1)
  expect(svg).toContain('create-1+0')
  expect(svg).not.toMatch(/memory-worker|NaN|undefined/)
})

it('compares two builds by their medians', () => {
  const own = fine({ 'floor-cpu-seconds': 9, delete: 2 }, { delete: 3 }, { delete: 9, 'create-1+1': 10 })
  const table = comparisonTable(own, fine({ delete: 4 }, { delete: 4 }, { 'floor-cpu-seconds': 9 }))
  expect(table).toMatch(/^delete +3 +4 +0\.75$/m)
  expect(table.split('\n')).toHaveLength(2)
})
