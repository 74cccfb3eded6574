import { describe } from 'vitest'
import { leftOut } from './doctor/left-out.js'
import {
  controlPlaneFaults,
  lastFault,
  nodeFaults,
  quickFaults,
  workloadFaults,
} from './doctor/nested-faults.js'
import { createPlace } from './doctor/place.js'
import { testFaults } from './doctor/table.js'

const isLong = process.env.KNEST_TEST_LONG !== undefined
const more = [...nodeFaults, ...workloadFaults, ...controlPlaneFaults, lastFault]
if (!isLong) console.log(`skipped: faults that doctor names: ${more.map(({ what }) => what).join(', ')}`)
for (const [what, why] of Object.entries(leftOut)) console.log(`skipped: ${what}: ${why}`)
const flags = ['--worker-machine-count', '1', ...(isLong ? ['--worker-machine-rootfs-size', '3Gi'] : [])]

// Faults are done one after the other, and the last one takes the cluster.
describe('knest doctor', () => {
  testFaults({
    create: () => createPlace('e2e-doctor', flags),
    faults: isLong ? [...quickFaults, ...more] : quickFaults,
    isShared: true,
  })
})
