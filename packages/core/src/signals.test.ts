import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { KnestError } from './errors.js'
import { anySignal, openDeadline, startLimit } from './signals.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

it('a time limit fires though nobody holds it and garbage is collected', async () => {
  const parent = new AbortController()
  // As in a command: a limit for the whole, and others within it.
  const reasons = Array.from({ length: 20 }, () => {
    const whole = anySignal(parent.signal, AbortSignal.timeout(200))
    const inner = anySignal(whole, new AbortController().signal)
    return new Promise((resolve) => inner.addEventListener('abort', () => resolve(inner.reason)))
  })
  const collecting = setInterval(collectGarbage, 20)
  const ended = await Promise.all(reasons).finally(() => clearInterval(collecting))
  expect(ended.map((reason) => (reason as Error).name)).toEqual(Array(20).fill('TimeoutError'))
}, 30_000)

describe('a time limit of a process that was stopped', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  it.each([
    ['ends nothing before what came meanwhile was read', 64_000, 0],
    ['is over a moment later', 64_000, 6_000],
    ['is over in time when it was stopped for less', 500, 0],
  ])('%s', (_, stopMs, moreMs) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    let stoppedMs = 0
    const now = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => now() + stoppedMs)
    const over = new KnestError('timeout', 'over')
    const limit = openDeadline(new AbortController().signal, 30_000, () => over)
    stoppedMs = stopMs
    vi.advanceTimersByTime(30_000 + moreMs)
    expect(limit.signal.aborted).toBe(stopMs < 1_000 || moreMs > 0)
    limit.clear()
  })

  it('is over in the end when it is stopped again and again', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    let stoppedMs = 0
    const now = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => now() + stoppedMs)
    const over = vi.fn<() => void>()
    startLimit(30_000, over)
    for (const waitMs of [30_000, 5_000, 5_000]) {
      stoppedMs += 64_000
      vi.advanceTimersByTime(waitMs)
      expect(over).not.toHaveBeenCalled()
    }
    stoppedMs += 64_000
    vi.advanceTimersByTime(5_000)
    expect(over).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('forgets the moment it was given, too', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    let stoppedMs = 0
    const now = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => now() + stoppedMs)
    const limit = openDeadline(new AbortController().signal, 30_000, () => {
      return new KnestError('timeout', 'over')
    })
    stoppedMs = 64_000
    vi.advanceTimersByTime(30_000)
    limit.clear()
    vi.advanceTimersByTime(60_000)
    expect(limit.signal.aborted).toBe(false)
  })
})
