import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeStatus } from '@knest/testing'
import { beforeEach, expect, test } from 'vitest'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'knest-export-'))
  terminal = new FakeTerminal(folder)
  terminal.clusters.add(fakeStatus())
})

test.each([
  ['logs', 'export'],
  ['export', 'logs'],
])('knest %s %s writes an archive, and says where', async (one, two) => {
  const file = join(folder, 'a.tar.gz')
  expect(await terminal.run(one, two, 'quickstart', file)).toBe(0)
  expect(terminal.out).toBe(`${file}\n`)
  expect(execFileSync('tar', ['-tzf', file], { encoding: 'utf8' })).toBe(
    'knest-quickstart-logs/status.json\n',
  )
  expect(terminal.err).toContain('look into it before you hand it on')
})

test('a folder', async () => {
  expect(await terminal.run('logs', 'export', 'quickstart', join(folder, 'new'))).toBe(0)
  expect(readFileSync(join(folder, 'new', 'status.json'), 'utf8')).toBe('{}')
})

test('what is missing is told, and is no failure where something could be had', async () => {
  terminal.clusters.exported = { ...terminal.clusters.exported, missing: ['nodes/a: no answer within 20 s'] }
  expect(await terminal.run('logs', 'export', 'quickstart', join(folder, 'new'))).toBe(0)
  expect(terminal.err).toContain('warning: not in the export: nodes/a: no answer within 20 s\n')
})

test('nothing is made where there is no such cluster', async () => {
  expect(await terminal.run('logs', 'export', 'nothing', join(folder, 'new'))).toBe(4)
  expect(existsSync(join(folder, 'new'))).toBe(false)
})
