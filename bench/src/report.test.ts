import { expect, it } from 'vitest'
import { makeReport, reportTable } from './report.js'

const floors = [19, 21, 20].map((dnsAvailable) => ({ nodeReady: 10, dnsAvailable }))

it('gives medians and their ratios to the median floor', () => {
  const rounds = [{ delete: 5 }, { delete: 3 }, { delete: 4 }]
  const report = makeReport(floors, rounds)
  expect(report).toEqual({ floorSeconds: 20, figures: { delete: { ratio: 0.2, medianSeconds: 4, runs: 3 } } })
  expect(reportTable(report)).toContain('delete')
})
