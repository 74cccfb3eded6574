// A runner for vitest: a file whose turn comes after KNEST_TEST_END (seconds since 1970) is left out, and says so. What a
// machine that is slow has no time for must not cost the outcome of all the rest.
import { TestRunner } from 'vitest'

const end = Number(process.env.KNEST_TEST_END ?? Infinity) * 1000

export default class WithinTime extends TestRunner {
  async onBeforeRunSuite(suite) {
    if (suite === suite.file && suite.mode === 'run' && Date.now() >= end) {
      suite.mode = 'skip'
      console.log(
        `skipped: ${suite.name}: no time was left on this machine, run: npm run e2e -- ${suite.name}`,
      )
    }
    await super.onBeforeRunSuite(suite)
  }
}
