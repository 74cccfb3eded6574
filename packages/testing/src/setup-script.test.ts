import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const setup = fileURLToPath(new URL('../../../hack/setup', import.meta.url))

/** A machine on which nothing is installed, as far as PATH tells. */
let bin: string
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'knest-setup-'))
  program('id', 'echo 0')
  program('sleep', `echo "sleep $1" >>"${bin}/calls"`)
})
afterEach(() => rmSync(bin, { recursive: true, force: true }))

function program(name: string, body: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`)
  chmodSync(join(bin, name), 0o755)
}

/** apt-get whose update fails that often with these words. */
function aptGet(failures: number, words: string): void {
  program(
    'apt-get',
    `echo "$*" >>"${bin}/calls"
[ "$1" = update ] || exit 0
echo >>"${bin}/updates"
count=0
while read -r _; do count=$((count + 1)); done <"${bin}/updates"
[ "$count" -gt ${failures} ] && exit 0
echo "${words}" >&2
exit 100`,
  )
}

function run(): Promise<{ code: number; stderr: string; calls: readonly string[] }> {
  return new Promise((resolve) => {
    execFile('/bin/bash', [setup], { env: { PATH: bin } }, (error, _, stderr) =>
      resolve({
        code: error === null ? 0 : Number(error.code),
        stderr,
        calls: readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n'),
      }),
    )
  })
}

describe('hack/setup', () => {
  const lock = 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)'

  it('waits for the locks of another apt, and says so once', async () => {
    aptGet(2, lock)
    const { stderr, calls } = await run()
    expect(calls.map((call) => call.split(' ')[0])).toEqual([
      'update',
      'sleep',
      'update',
      'sleep',
      'update',
      'install',
    ])
    expect(stderr.match(/waiting for another apt/g)).toHaveLength(1)
    expect(calls.at(-1)).toContain('-o DPkg::Lock::Timeout=')
  })

  it('ends at once with what else is wrong', async () => {
    aptGet(9, 'E: Temporary failure resolving deb.debian.org')
    const { code, stderr, calls } = await run()
    expect(code).toBe(3)
    expect(stderr).toContain('Temporary failure resolving')
    expect(calls).toHaveLength(1)
  })
})
