// count-tests REPORT FAILURES: prints how many tests of vitest's JSON report passed, failed and were skipped, and
// appends what failed, with the beginning of the message, to a file. A file that broke before its tests is one failure.
import { appendFileSync, readFileSync } from 'node:fs'

const [report, failures] = process.argv.slice(2)
const { numPassedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
const failed = testResults.flatMap(({ name, status, message, assertionResults }) => {
  const tests = assertionResults.filter((test) => test.status === 'failed')
  const texts = tests.map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages.join('\n')}`)
  const broken = status === 'failed' && tests.length === 0
  const file = name.replace(`${process.cwd()}/`, '')
  return (broken ? [message] : texts).map((text) => `${file}: ${text.split('\n').slice(0, 30).join('\n')}\n`)
})
if (failed.length > 0) appendFileSync(failures, failed.join('\n'))
console.log(numPassedTests, failed.length, numPendingTests)
