import { describe } from 'vitest'
import { createPlace } from './doctor/place.js'
import { testFaults } from './doctor/table.js'
import { vmFaults } from './doctor/vm-faults.js'

const isShort = process.env.KNEST_TEST_LONG === undefined
if (isShort) console.log('skipped: what doctor names of VM nodes: hack/test --long has time for it')

describe.skipIf(isShort)('knest doctor of VM nodes', () => {
  testFaults({
    create: () => createPlace('e2e-doctor-vm', ['--worker-machine-count', '1', '--persistent']),
    faults: vmFaults,
    isShared: true,
  })
})
