import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lastingFile, removeLasting, setUpDone } from './lasting.js'

/** Runs it as on a node, but for the place of its files; gives what was synced, in this order. */
function run(script: string): { readonly root: string; readonly synced: readonly string[] } {
  const root = mkdtempSync(join(tmpdir(), 'knest-lasting-'))
  for (const folder of ['bin', 'etc/kubernetes/pki', 'var/lib/knest', 'var/lib/kubelet/pods/a'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const file of [
    'etc/kubernetes/pki/ca.crt',
    'var/lib/kubelet/config.yaml',
    'var/lib/kubelet/pods/a/log',
  ])
    writeFileSync(join(root, file), 'a')
  const bin = join(root, 'bin/sync')
  writeFileSync(bin, `#!/bin/bash\nfor file; do [ -e "$file" ] && echo "$file" >>${root}/log; done\n`)
  chmodSync(bin, 0o755)
  const moved = script
    .replaceAll('/etc/kubernetes', `${root}/etc/kubernetes`)
    .replaceAll('/var/lib', `${root}/var/lib`)
  const env = { PATH: `${join(root, 'bin')}:${process.env.PATH ?? ''}` }
  execFileSync('bash', ['-c', `set -euo pipefail\n${moved}`], { env })
  const log = readFileSync(join(root, 'log'), 'utf8').trim()
  return { root, synced: log.split('\n').map((line) => line.slice(root.length)) }
}

const marker = '/var/lib/knest/bootstrapped'

test('a file is on the disk before it has its name, then its name is', () => {
  const { root, synced } = run(lastingFile(marker, 'a b'))
  expect(synced).toEqual([`${marker}.new`, '/var/lib/knest'])
  expect(readFileSync(join(root, marker), 'utf8')).toBe('a b\n')
})

test('a file that is removed stays so', () => {
  const { root, synced } = run(`${lastingFile(marker)}${removeLasting(marker)}`)
  expect(synced.at(-1)).toBe('/var/lib/knest')
  expect(existsSync(join(root, marker))).toBe(false)
})

test('what was laid out is on a disk that lasts before it is said, but nothing of pods', () => {
  const { synced } = run(setUpDone({ persistence: { enabled: true } }))
  expect(synced.slice(0, -2).toSorted()).toEqual([
    '/etc/kubernetes',
    '/etc/kubernetes/pki',
    '/etc/kubernetes/pki/ca.crt',
    '/var/lib/kubelet',
    '/var/lib/kubelet/config.yaml',
  ])
  expect(synced.slice(-2)).toEqual([`${marker}.new`, '/var/lib/knest'])
  expect(run(setUpDone({ persistence: { enabled: false } })).synced).toEqual([
    `${marker}.new`,
    '/var/lib/knest',
  ])
})
