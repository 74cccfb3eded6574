import { afterEach, onTestFailed } from 'vitest'
import { hostReport } from './host-report.js'

/** A failure that does not come again must tell by itself what the host was doing: of every failed test. */
afterEach(({ task }) => {
  onTestFailed(async () => {
    console.log(`${task.name} failed; the host's view:\n${await hostReport()}`)
  })
})
