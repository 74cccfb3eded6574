// A reporter for vitest: appends every failure, with the beginning of its message, to the file KNEST_TEST_FAILURES, and
// writes "PASSED FAILED SKIPPED" to the file KNEST_TEST_COUNTS. A hook or a file that broke is one failure, whatever
// number of tests it kept from running: vitest's JSON report has no word of why.
import { appendFileSync, writeFileSync } from 'node:fs'

const lines = 60
const ofLibraries = /^\s+at .*(node_modules|node:internal)/

export default class Outcome {
  onTestRunEnd(modules, unhandled) {
    const counts = { passed: 0, failed: 0, skipped: 0 }
    const fail = (name, errors) => {
      counts.failed += 1
      const text = errors.flatMap((error) => String(error.stack ?? error.message ?? error).split('\n'))
      const shown = [name, ...text.filter((line) => !ofLibraries.test(line))].slice(0, lines)
      appendFileSync(process.env.KNEST_TEST_FAILURES, `${shown.join('\n')}\n\n`)
    }
    for (const module of modules) {
      const file = `${module.project.name} ${module.relativeModuleId}`
      for (const broken of [module, ...module.children.allSuites()]) {
        const errors = broken.errors()
        if (errors.length > 0)
          fail(`${file}: ${broken.fullName ?? 'the file itself'}, beside its tests`, errors)
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result()
        if (state === 'failed') fail(`${file}: ${test.fullName}`, errors)
        else counts[state === 'passed' ? 'passed' : 'skipped'] += 1
      }
    }
    if (unhandled.length > 0) fail('beside all tests', unhandled)
    writeFileSync(process.env.KNEST_TEST_COUNTS, `${counts.passed} ${counts.failed} ${counts.skipped}\n`)
  }
}
