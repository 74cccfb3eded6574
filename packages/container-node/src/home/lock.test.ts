import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { acquireLock } from './lock.js'

const { signal } = new AbortController()
const name = `test-${process.pid}`

it('lets one in at a time, tells who is inside, and wakes the next at once', async () => {
  const first = await acquireLock(name, signal, () => undefined)
  const holders: string[] = []
  let entered = false
  const second = acquireLock(name, signal, (holder) => holders.push(holder)).then((lock) => {
    entered = true
    return lock
  })
  await expect.poll(() => holders).toEqual([`process ${process.pid}`])
  expect(entered).toBe(false)
  await first.release()
  await (await second).release()
})

it('stops waiting when aborted', async () => {
  const first = await acquireLock(name, signal, () => undefined)
  const abort = new AbortController()
  const second = acquireLock(name, abort.signal, () => abort.abort(new Error('enough')))
  await expect(second).rejects.toThrow('enough')
  await first.release()
})

it('goes with a process that is killed', async () => {
  const script = `require('net').createServer().listen('\\0knest.dev/${name}-killed', () => console.log('held'))`
  const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  const waiting = acquireLock(`${name}-killed`, signal, () => undefined)
  holder.kill('SIGKILL')
  await (await waiting).release()
})
