import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, describe } from 'vitest'
import { hostFaults, type Machine } from './doctor/host-faults.js'
import {
  diskFaults,
  makeStorageClass,
  placementFaults,
  refusalFaults,
  storageClass,
} from './doctor/place-faults.js'
import { createPlace } from './doctor/place.js'
import { testFaults } from './doctor/table.js'
import { createHome } from './support/home.js'
import { runKnest } from './support/knest.js'

const isShort = process.env.KNEST_TEST_LONG === undefined
if (isShort) console.log('skipped: what doctor names of a host: hack/test --long has time for it')

const host = 'knest-e2e-doctor'
const run = promisify(execFile)

/** Nobody else is on it: what is done to it, nobody else feels. */
describe.skipIf(isShort)('knest doctor on a host of its own', () => {
  let engine = ''
  const machine: Machine = async (script) =>
    (await run(engine, ['exec', `${host}-cp-0`, 'bash', '-euc', script])).stdout
  const create = async () => {
    const home = createHome()
    const must = async (...words: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await runKnest(home, words)
      if (code !== 0) throw new Error(`knest ${words.join(' ')} ended with ${String(code)}:\n${stderr}`)
      return stdout
    }
    await must('host', 'up', '--name', host)
    const status = await must('host', 'status', '--name', host, '-o', 'json')
    engine = (JSON.parse(status) as { readonly engine: string }).engine
    await makeStorageClass(async (line) => (await run('bash', ['-c', line], { env: home.env })).stdout, host)
    const flags = ['--worker-machine-count', '1', '--persistent', '--storage-class', storageClass]
    return createPlace('e2e-doctor-host', flags, host, home)
  }

  testFaults({
    create,
    faults: [...refusalFaults, ...placementFaults, ...diskFaults, ...hostFaults(machine)],
    isShared: false,
  })
  afterAll(async () => {
    const last = createHome()
    await runKnest(last, ['host', 'down', '--name', host, '--ignore-not-found'])
    last.remove()
  })
})
