import { describe, expect, it } from 'vitest'
import type { Diagnosis } from 'knest'
import { createPlace } from './doctor/place.js'

const isShort = process.env.KNEST_TEST_LONG === undefined
if (isShort)
  console.log('skipped: ten clusters of which doctor names nothing: hack/test --long has time for it')

const pairs = Array.from({ length: 5 }, (_, index) =>
  [2 * index, 2 * index + 1].map((number) => `e2e-doctor-well-${number}`),
)

describe.skipIf(isShort)('knest doctor of ten clusters that are well', () => {
  it.each(pairs)('names nothing of %s and %s', async (...names) => {
    const places = await Promise.all(names.map((name) => createPlace(name, ['--worker-machine-count', '0'])))
    try {
      for (const place of places) {
        const { code, stdout } = await place.try(['doctor', place.name, '-o', 'json'])
        const { findings, unseen } = JSON.parse(stdout) as Diagnosis
        expect({ findings, unseen }).toEqual({ findings: [], unseen: [] })
        expect(code).toBe(0)
      }
    } finally {
      await Promise.all(places.map((place) => place.remove()))
    }
  })
})
