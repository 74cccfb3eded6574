import { beginWait, KnestError, openDeadline } from '@knest/core'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createWorkQueue } from './work-queue.js'
import type { WorkQueue } from './work-queue.js'

const never = new AbortController().signal

interface Recorder {
  readonly begun: string[]
  readonly ended: string[]
  readonly queue: WorkQueue
  readonly deleted: Set<string>
  readonly end: (key?: string) => void
  readonly signalOf: (key: string) => AbortSignal
}

/** Work that goes on until it is told to end, or its signal says so. Of `a/b` the group is `a`. */
function recorder(limit: number, signal = never): Recorder {
  const begun: string[] = []
  const ended: string[] = []
  const deleted = new Set<string>()
  const running = new Map<string, { readonly signal: AbortSignal; readonly resolve: () => void }>()
  const queue = createWorkQueue({
    limit,
    signal,
    groupOf: (key) => key.split('/')[0] ?? '',
    kindOf: (key) => (deleted.has(key) ? 'deletion' : 'look'),
    work: async (key, own) => {
      begun.push(key)
      await new Promise<void>((resolve) => {
        running.set(key, { signal: own, resolve })
        own.addEventListener('abort', () => resolve())
      })
      ended.push(own.aborted ? `${key}: ${(own.reason as Error).message}` : key)
    },
  })
  return {
    begun,
    ended,
    queue,
    deleted,
    end: (only) => {
      for (const [key, { resolve }] of [...running]) {
        if (only !== undefined && only !== key) continue
        running.delete(key)
        resolve()
      }
    },
    signalOf: (key) => {
      const found = running.get(key)
      if (found === undefined) throw new Error(`${key} does not run`)
      return found.signal
    },
  }
}

const reason = new KnestError('cancelled', 'no more')

afterEach(() => void vi.useRealTimers())

describe('the work queue', () => {
  it('never works twice on a key at the same time, and once more on one added meanwhile', async () => {
    const { begun, end, queue } = recorder(4)
    queue.add('a')
    queue.add('a')
    queue.add('a')
    expect(begun).toEqual(['a'])
    end()
    await delay(0)
    expect(begun).toEqual(['a', 'a'])
    end()
    await delay(0)
    expect(begun).toEqual(['a', 'a'])
  })

  it('works on no more keys at once than it has places', async () => {
    const { begun, end, queue } = recorder(2)
    for (const key of ['a', 'b', 'c']) queue.add(key)
    expect(begun).toEqual(['a', 'b'])
    end()
    await delay(0)
    expect(begun).toEqual(['a', 'b', 'c'])
  })

  it('keeps the earlier of two times, and needs no later one after the work', async () => {
    const { begun, queue } = recorder(1)
    queue.addAfter('a', 10_000)
    queue.addAfter('a', 5)
    queue.addAfter('a', 20_000)
    await delay(30)
    expect(begun).toEqual(['a'])
  })

  it('begins nothing after it was stopped, and waits for what runs', async () => {
    const { begun, end, queue } = recorder(1)
    queue.add('a')
    queue.add('b')
    const stopped = queue.stop()
    end()
    await stopped
    queue.add('c')
    expect(begun).toEqual(['a'])
  })

  it('lets groups take turns', async () => {
    const { begun, end, queue } = recorder(1)
    for (const key of ['a/1', 'a/2', 'a/3', 'b/1', 'c/1']) queue.add(key)
    for (let count = 0; count < 5; count++) {
      end()
      await delay(0)
    }
    expect(begun).toEqual(['a/1', 'a/2', 'b/1', 'c/1', 'a/3'])
  })

  it('gives the place of who waits to others, also of who waits within a time limit of his own', async () => {
    const { begun, end, queue, signalOf } = recorder(1)
    queue.add('stuck')
    queue.add('b')
    expect(begun).toEqual(['stuck'])
    const limited = openDeadline(signalOf('stuck'), 60_000, () => reason)
    const goOn = beginWait(limited.signal)
    limited.clear()
    expect(begun).toEqual(['stuck', 'b'])
    expect(queue.count()).toMatchObject({ look: { taken: 1, waiting: 0 }, work: { taken: 0 } })
    // What a look has to do after a wait is no look any more: it waits for no look, and no look for it.
    await goOn()
    expect(queue.count()).toMatchObject({ look: { taken: 1 }, work: { taken: 1 } })
    queue.add('c')
    expect(begun).toEqual(['stuck', 'b'])
    end('b')
    await delay(0)
    expect(begun).toEqual(['stuck', 'b', 'c'])
  })

  it('has who waited wait for a place', async () => {
    const { queue, signalOf } = recorder(1)
    queue.add('a')
    const ends = [beginWait(signalOf('a'))]
    queue.add('b')
    ends.push(beginWait(signalOf('b')))
    await ends[0]?.()
    const second = ends[1]?.().then(() => 'has a place')
    expect(queue.count()).toMatchObject({ work: { taken: 1, waiting: 1 } })
    expect(await Promise.race([second, delay(20, 'waits')])).toBe('waits')
    const again = beginWait(signalOf('a'))
    expect(await second).toBe('has a place')
    queue.end('a', reason)
    // Who was ended does not wait for a place to say so.
    await again()
  })

  it('counts two waits of one as one until both are over', async () => {
    const { queue, signalOf } = recorder(1)
    queue.add('a')
    const first = beginWait(signalOf('a'))
    const second = beginWait(signalOf('a'))
    await first()
    await first()
    expect(queue.count()).toMatchObject({ look: { taken: 0 }, work: { taken: 0 } })
    await second()
    expect(queue.count()).toMatchObject({ look: { taken: 0 }, work: { taken: 1 } })
  })

  it('takes a look that lasts for work, and who hangs for nobody who is in the way', () => {
    vi.useFakeTimers()
    const { begun, queue } = recorder(1)
    queue.add('a')
    queue.add('b')
    vi.advanceTimersByTime(6_000)
    expect(begun).toEqual(['a', 'b'])
    expect(queue.count()).toMatchObject({ look: { taken: 1 }, work: { taken: 1 } })
    vi.advanceTimersByTime(180_000)
    expect(queue.count()).toMatchObject({ look: { taken: 0 }, work: { taken: 0 } })
  })

  it('keeps no deletion waiting for looks, also not of a key that waits for its look', () => {
    const { begun, queue, deleted } = recorder(1)
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key)
    deleted.add('c')
    queue.add('c')
    expect(begun).toEqual(['a', 'c'])
    deleted.add('d')
    queue.add('d')
    queue.add('d')
    expect(queue.count()).toMatchObject({ look: { waiting: 1 }, deletion: { taken: 1, waiting: 1 } })
  })

  it('ends what runs, and goes on with what was added meanwhile', async () => {
    const { begun, ended, queue } = recorder(1)
    queue.add('a')
    queue.end('a', reason)
    queue.add('a')
    await delay(0)
    expect(ended).toEqual(['a: no more'])
    expect(begun).toEqual(['a', 'a'])
    queue.end('b', reason)
    expect(ended).toHaveLength(1)
  })

  it('ends what waits at once, and what does something when it begins to wait', async () => {
    const { ended, queue, signalOf } = recorder(2)
    for (const key of ['waits', 'works']) queue.add(key)
    const ofWorking = signalOf('works')
    beginWait(signalOf('waits'))
    for (const key of ['waits', 'works']) queue.end(key, reason, { whenWaiting: true })
    await delay(0)
    expect(ended).toEqual(['waits: no more'])
    beginWait(ofWorking)
    await delay(0)
    expect(ended).toEqual(['waits: no more', 'works: no more'])
  })

  it('ends with its own signal', async () => {
    const whole = new AbortController()
    const { ended, queue } = recorder(1, whole.signal)
    queue.add('a')
    whole.abort(reason)
    await queue.stop()
    expect(ended).toEqual(['a: no more'])
  })
})
