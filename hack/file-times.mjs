// A reporter for vitest: appends "SECONDS PROJECT FILE" to the file KNEST_TEST_TIMES for every test file, with its hooks.
// Vitest's JSON report knows when tests run, and a file's cluster is made before the first of them.
import { appendFileSync } from 'node:fs'

export default class FileTimes {
  onTestModuleEnd(module) {
    const { collectDuration, duration } = module.diagnostic()
    const seconds = ((collectDuration + duration) / 1000).toFixed(1)
    appendFileSync(
      process.env.KNEST_TEST_TIMES,
      `${seconds} ${module.project.name} ${module.relativeModuleId}\n`,
    )
  }
}
