import { execFile, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import type { NodeHandle } from '../contracts/node-backend.js'
import { kubeletStarted } from './kubelet.js'

const never = new AbortController().signal
const run = promisify(execFile)
const ended: (() => void)[] = []
afterEach(() => ended.splice(0).forEach((end) => end()))

/** This machine, whose `systemctl` says so of kubelet's process. */
function nodeWith(systemctl: string): NodeHandle {
  const folder = mkdtempSync(join(tmpdir(), 'knest-kubelet-'))
  const path = join(folder, 'systemctl')
  writeFileSync(path, `#!/bin/bash\n${systemctl}\n`)
  chmodSync(path, 0o755)
  const env = { PATH: `${folder}:${process.env.PATH ?? ''}`, FOLDER: folder }
  const execText = async ([program = '', ...args]: readonly string[]) => {
    const said = await run(program, args, { env }).catch((error: unknown) => error as { stdout: string })
    return { exitCode: 'code' in said ? Number(said.code) : 0, stdout: said.stdout, stderr: '' }
  }
  return { name: 'q-cp-0', execText } as unknown as NodeHandle
}

test.each([
  ['runs', 'echo PID'],
  ['is being started', '[ -e "$FOLDER/asked" ] && echo PID || echo 0; touch "$FOLDER/asked"'],
])('the start of a kubelet that %s is that of its process', async (_, systemctl) => {
  const before = Date.now()
  const kubelet = spawn('sleep', ['60'])
  ended.push(() => kubelet.kill())
  await new Promise((resolve) => kubelet.once('spawn', resolve))
  const after = Date.now()
  const started = await kubeletStarted(nodeWith(systemctl.replace('PID', String(kubelet.pid))), never)
  // Told to the second, and by clocks of a hundredth.
  expect(started.getTime()).toBeGreaterThan(before - 1_500)
  expect(started.getTime()).toBeLessThanOrEqual(after)
})

test('that of a process which is gone is told by nobody', async () => {
  await expect(kubeletStarted(nodeWith('echo 2147483646'), never)).rejects.toThrow('kubelet was started')
})
