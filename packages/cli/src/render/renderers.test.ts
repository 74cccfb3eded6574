import type { Progress } from 'knest'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { jsonRenderer } from './json.js'
import { plainRenderer } from './plain.js'
import { quietRenderer } from './quiet.js'
import { renderTable } from './table.js'
import { ttyRenderer } from './tty.js'

function clock(): () => Date {
  let milliseconds = 0
  return () => new Date((milliseconds += 500))
}

async function story(progress: Progress): Promise<string> {
  const result = await progress.phase('Create nodes', async (inner) => {
    inner.note('two nodes')
    inner.warn('no StorageClass')
    return inner.phase('Create node "a"', () => Promise.resolve('result'))
  })
  await progress.phase('Join', () => Promise.reject(new Error('no'))).catch(() => undefined)
  return result
}

test('plain lines carry the time and the depth', async () => {
  let text = ''
  const renderer = plainRenderer((line) => (text += line), clock())
  expect(await story(renderer.progress)).toBe('result')
  await renderer.close()
  expect(text).toBe(`[   1.0s] Create nodes ...
[   1.5s]   two nodes
[   2.5s]   Create node "a" ...
[   3.5s]   Create node "a": done in 1.0s
[   4.5s] Create nodes: done in 3.5s
[   5.5s] Join ...
[   6.5s] Join: failed after 1.0s
warning: no StorageClass
`)
})

test('json gives one object per line', async () => {
  let text = ''
  const renderer = jsonRenderer((line) => (text += line), clock())
  await story(renderer.progress)
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; phase: string[] })
  expect(events.map(({ event }) => event)).toEqual([
    'start',
    'note',
    'warning',
    'start',
    'end',
    'end',
    'start',
    'fail',
  ])
  expect(events[3]?.phase).toEqual(['Create nodes', 'Create node "a"'])
})

test('quiet says nothing but what must be read', async () => {
  let text = ''
  const renderer = quietRenderer((line) => (text += line))
  expect(await story(renderer.progress)).toBe('result')
  renderer.announce('stopping')
  await renderer.close()
  expect(text).toBe('stopping\n')
})

test('the terminal shows phases that run at the same time, and passes errors through', async () => {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream
  let text = ''
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const renderer = ttyRenderer(stream, clock())
  const failure = new Error('no room')
  const first = renderer.progress.phase('First', () => new Promise((resolve) => setTimeout(resolve, 20)))
  const second = renderer.progress.phase('Second', (inner) => {
    inner.warn('be careful')
    return Promise.reject(failure)
  })
  await expect(second).rejects.toBe(failure)
  await first
  await renderer.close()
  const shown = stripVTControlCharacters(text)
  expect(shown).toMatch(/First \[\d+\.\ds\]/)
  expect(shown).toContain('Second')
  expect(shown).toMatch(/warning: be careful\n$/)
})

test('the terminal stays clean without phases', async () => {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream
  let text = ''
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await ttyRenderer(stream, clock()).close()
  expect(text).toBe('')
})

test('a table has no borders and no blanks at line ends', () => {
  expect(
    renderTable(
      ['NAME', 'AGE'],
      [
        ['quickstart', '3m'],
        ['a', ''],
      ],
    ),
  ).toBe('NAME         AGE\nquickstart   3m\na\n')
})
