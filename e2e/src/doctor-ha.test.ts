import { describe } from 'vitest'
import { haFaults } from './doctor/ha-faults.js'
import { createPlace } from './doctor/place.js'
import { testFaults } from './doctor/table.js'

const isShort = process.env.KNEST_TEST_LONG === undefined
if (isShort)
  console.log('skipped: what doctor names of three control planes: hack/test --long has time for it')

describe.skipIf(isShort)('knest doctor of a cluster with three control planes', () => {
  testFaults({
    create: () =>
      createPlace('e2e-doctor-ha', ['--control-plane-machine-count', '3', '--worker-machine-count', '0']),
    faults: haFaults,
    isShared: true,
  })
})
