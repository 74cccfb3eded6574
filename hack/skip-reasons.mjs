// A reporter for vitest: appends "PROJECT: WHY" to the file KNEST_TEST_SKIPS for everything that was left out. Whoever
// skips gives the reason to `context.skip`, or prints a line that begins with "skipped: ".
import { appendFileSync } from 'node:fs'

export default class SkipReasons {
  #vitest

  onInit(vitest) {
    this.#vitest = vitest
  }

  onUserConsoleLog({ content, taskId }) {
    const entity = taskId === undefined ? undefined : this.#vitest.state.getReportedEntityById(taskId)
    for (const [, reason] of content.matchAll(/^skipped: (.*)$/gm)) note(entity?.project.name, reason)
  }

  onTestCaseResult(test) {
    const { state, note: reason } = test.result()
    if (state === 'skipped' && reason !== undefined) note(test.project.name, reason)
  }
}

function note(project = 'tests', reason) {
  appendFileSync(process.env.KNEST_TEST_SKIPS, `${project}: ${reason}\n`)
}
