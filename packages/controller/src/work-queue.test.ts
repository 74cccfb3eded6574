import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createWorkQueue } from './work-queue.js'

function recorder(): {
  readonly begun: string[]
  readonly end: () => void
  readonly work: (key: string) => Promise<void>
} {
  const begun: string[] = []
  const waiting: (() => void)[] = []
  return {
    begun,
    end: () => waiting.splice(0).forEach((resolve) => resolve()),
    work: (key) => {
      begun.push(key)
      return new Promise((resolve) => waiting.push(resolve))
    },
  }
}

describe('the work queue', () => {
  it('never works twice on a key at the same time, and once more on one added meanwhile', async () => {
    const { begun, end, work } = recorder()
    const queue = createWorkQueue({ workers: 4, work })
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

  it('works on no more keys at once than it has workers', async () => {
    const { begun, end, work } = recorder()
    const queue = createWorkQueue({ workers: 2, work })
    for (const key of ['a', 'b', 'c']) queue.add(key)
    expect(begun).toEqual(['a', 'b'])
    end()
    await delay(0)
    expect(begun).toEqual(['a', 'b', 'c'])
  })

  it('keeps the earlier of two times, and needs no later one after the work', async () => {
    const { begun, work } = recorder()
    const queue = createWorkQueue({ workers: 1, work })
    queue.addAfter('a', 10_000)
    queue.addAfter('a', 5)
    queue.addAfter('a', 20_000)
    await delay(30)
    expect(begun).toEqual(['a'])
  })

  it('begins nothing after it was stopped, and waits for what runs', async () => {
    const { begun, end, work } = recorder()
    const queue = createWorkQueue({ workers: 1, work })
    queue.add('a')
    queue.add('b')
    const stopped = queue.stop()
    end()
    await stopped
    queue.add('c')
    expect(begun).toEqual(['a'])
  })
})
