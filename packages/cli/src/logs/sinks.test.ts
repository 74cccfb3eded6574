import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { archiveSink, folderSink } from './sinks.js'

const now = (): Date => new Date('2026-01-01T00:00:00Z')
const files = [
  { path: 'status.json', text: '{}\n' },
  { path: `nodes/${'n'.repeat(50)}/pods/${'p'.repeat(80)}/etcd/0.log`, text: 'x'.repeat(1024) },
  { path: `nodes/a/${'q'.repeat(180)}.log`, text: 'Grüße\n' },
  { path: 'empty.txt', text: '' },
]
const scratch = (): string => mkdtempSync(join(tmpdir(), 'knest-logs-'))

test('an archive is one that tar reads, for its owner alone', async () => {
  const folder = scratch()
  const file = join(folder, 'a.tar.gz')
  const sink = await archiveSink(file, 'top', now)
  for (const each of files) await sink.write(each)
  await sink.end()
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const listed = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trim().split('\n')
  expect(listed).toHaveLength(files.length)
  expect(listed.slice(0, 2)).toEqual(files.slice(0, 2).map(({ path }) => `top/${path}`))
  execFileSync('tar', ['-xzf', file, '-C', folder])
  expect(readFileSync(join(folder, 'top', 'status.json'), 'utf8')).toBe('{}\n')
  expect(readFileSync(join(folder, listed[2] ?? ''), 'utf8')).toBe('Grüße\n')
})

test('a folder is filled, and nothing is written beside it', async () => {
  const folder = join(scratch(), 'new', 'one')
  const sink = await folderSink(folder)
  for (const each of files) await sink.write(each)
  await sink.write({ path: '../../out.txt', text: 'inside' })
  await sink.end()
  expect(readFileSync(join(folder, 'status.json'), 'utf8')).toBe('{}\n')
  expect(readFileSync(join(folder, 'out.txt'), 'utf8')).toBe('inside')
})

test('nothing that is there is written over', async () => {
  const folder = scratch()
  writeFileSync(join(folder, 'a.tar.gz'), 'mine')
  mkdirSync(join(folder, 'full', 'x'), { recursive: true })
  await expect(archiveSink(join(folder, 'a.tar.gz'), 'top', now)).rejects.toMatchObject({ code: 'usage' })
  await expect(folderSink(join(folder, 'full'))).rejects.toMatchObject({ code: 'usage' })
  await expect(folderSink(join(folder, 'a.tar.gz'))).rejects.toMatchObject({ code: 'usage' })
  await expect(archiveSink(join(folder, 'no', 'b.tar.gz'), 'top', now)).rejects.toMatchObject({
    code: 'prerequisite',
  })
  expect(readFileSync(join(folder, 'a.tar.gz'), 'utf8')).toBe('mine')
})
