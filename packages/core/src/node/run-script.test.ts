import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { killScripts } from './run-script.js'

/** Takes the lock as a script on a node does, and says so. What comes then runs in a child of it. */
async function take(lock: string): Promise<ChildProcess> {
  const script = `exec 9>${lock}; flock 9; bash -c 'echo begun; sleep 60'; true`
  const process = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(process.stdout, 'data')
  return process
}

test('scripts end with all they have begun, and those of another lock go on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'knest-lock-'))
  const [lock, other] = [join(folder, 'lock'), join(folder, 'other')]
  const [script, bystander] = [await take(lock), await take(other)]
  // Its standard output closes when the last of them has ended.
  const ended = once(script, 'close')
  execFileSync('bash', ['-c', killScripts(lock)])
  expect(await ended).toEqual([null, 'SIGKILL'])
  expect(bystander.exitCode).toBe(null)
  expect(bystander.signalCode).toBe(null)
  execFileSync('bash', ['-c', `flock --nonblock ${lock} true`])
  const gone = once(bystander, 'close')
  execFileSync('bash', ['-c', killScripts(other)])
  await gone
})
