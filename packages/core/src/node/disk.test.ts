import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bootstrappedMarker, diskQuestion, initialMemberMarker } from './disk.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'knest-disk-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Runs the question in a folder that stands for the node's root, with an init that does this when it is asked. */
function ask(init: string): string {
  const program = join(folder, 'knest-init')
  writeFileSync(program, `#!/bin/sh\n${init}\n`)
  chmodSync(program, 0o755)
  const script = [bootstrappedMarker, initialMemberMarker].reduce(
    (text, marker) => text.replaceAll(marker, join(folder, marker.replaceAll('/', '-'))),
    diskQuestion,
  )
  const env = { PATH: `${folder}:${process.env.PATH ?? ''}` }
  return execFileSync('bash', ['-c', script], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

const pathOf = (marker: string): string => join(folder, marker.replaceAll('/', '-'))

it.each([
  ['bootstrapped', bootstrappedMarker],
  ['founder', initialMemberMarker],
])('is %s without asking its init', (state, marker) => {
  writeFileSync(pathOf(marker), '')
  expect(ask('exit 1')).toBe(`${state}\n`)
})

it.each([
  ['bootstrapped', bootstrappedMarker],
  ['founder', initialMemberMarker],
])('is %s, as its init has mounted it meanwhile', (state, marker) => {
  expect(ask(`touch '${pathOf(marker)}'`)).toBe(`${state}\n`)
})

it('is empty when its init is ready and has mounted nothing else', () => {
  expect(ask('true')).toBe('empty\n')
})

it('is nothing that is known while its init is not ready', () => {
  expect(() => ask('exit 1')).toThrow('Command failed')
})
