import { expect, it } from 'vitest'
import { comparisonTable, makeReport, reportTable } from './report.js'
import { ratioPlot } from './plot.js'

const floors = [19, 21, 20].map((dnsAvailable) => ({ nodeReady: 10, dnsAvailable, cpuSeconds: 15 }))

it('gives medians and their ratios to the median floor', () => {
  const rounds = [{ delete: 5 }, { delete: 3 }, { delete: 4 }]
  const report = makeReport(floors, rounds)
  expect(report).toEqual({
    floorSeconds: 20,
    figures: { delete: { ratio: 0.2, medianSeconds: 4, most: 0.1, runs: 3 } },
  })
  expect(reportTable(report)).toMatch(/^delete +4 s +0\.2 +0\.1 missed +3$/m)
})

it('gives no ratio for what is no time of a command', () => {
  const report = makeReport(floors, [{ 'memory-worker': 81.234, 'cpu-seconds': 10 }, { 'memory-worker': 80 }])
  expect(report.figures).toEqual({
    'memory-worker': { median: 80.6, unit: 'MiB', most: 90, runs: 2 },
    'cpu-seconds': { median: 10, unit: 's', most: 11, runs: 1 },
  })
  expect(reportTable(report)).toMatch(/^memory-worker +80\.6 MiB +90 +2$/m)
})

it('plots a bar for every ratio, with a mark where it may end', () => {
  const svg = ratioPlot(makeReport(floors, [{ delete: 4, 'create-1+0': 10, 'memory-worker': 80 }]))
  expect(svg.match(/<rect x=/g)).toHaveLength(3)
  expect(svg.match(/stroke="#dc2626"/g)).toHaveLength(1)
  expect(svg).toContain('create-1+0')
  expect(svg).not.toMatch(/memory-worker|NaN|undefined/)
})

it('compares two builds by their medians', () => {
  const own = [{ 'floor-cpu-seconds': 9, delete: 2 }, { delete: 3 }, { delete: 9, 'create-1+1': 10 }]
  const table = comparisonTable(own, [{ delete: 4 }, { delete: 4 }, { 'floor-cpu-seconds': 9 }])
  expect(table).toMatch(/^delete +3 +4 +0\.75$/m)
  expect(table.split('\n')).toHaveLength(2)
})
