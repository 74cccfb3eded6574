import { afterEach, expect, test, vi } from 'vitest'
import { BusyError, KnestError, type ClusterLock } from '@knest/core'
import { createdFixture, never, recordingProgress, ref, run, type Fixture } from './fixture.js'

/** Every operation that changes a cluster does its work in here; `scale` stands for them. */
const scale = ({ clusters }: Fixture, options = run): Promise<unknown> =>
  clusters.scale(ref, { pools: { worker: 2 } }, options)

const lock = ({ home }: Fixture): Promise<ClusterLock> => home.lock(ref, never, () => undefined)

/** The lock is free: who asks for it has it at once. */
async function expectFree({ home }: Fixture): Promise<void> {
  const holders: string[] = []
  const held = await home.lock(ref, AbortSignal.timeout(1_000), (holder) => holders.push(holder))
  await held.release()
  expect(holders).toEqual([])
}

/** A step that is going on until its signal ends it. */
const endless = (_what: string, signal: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })

/** Time passes only where a test says so. */
const stopTheClock = (): unknown => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
afterEach(() => vi.useRealTimers())

/** Endless steps, and a promise of the first of them having begun. */
function endlessSteps(fixture: Fixture, step = endless): Promise<void> {
  return new Promise((begun) => {
    fixture.nodes.before = (what, signal) => {
      begun()
      return step(what, signal)
    }
  })
}

test('waits for who holds the lock, and says who that is', async () => {
  const fixture = await createdFixture()
  const held = await lock(fixture)
  const progress = recordingProgress()
  const scaled = scale(fixture, { ...run, progress })
  await expect.poll(() => progress.notes).toEqual(['waiting for somebody to finish with cluster "q"'])
  expect(fixture.writes).toEqual([])
  await held.release()
  await scaled
  expect(fixture.writes.at(-1)).toBe('Ready')
  await expectFree(fixture)
})

test('onlyIfFree ends at once with conflict, and names the holder', async () => {
  const fixture = await createdFixture()
  const held = await lock(fixture)
  await expect(scale(fixture, { ...run, onlyIfFree: true })).rejects.toMatchObject({
    code: 'conflict',
    message: 'somebody works on cluster "q"',
    hint: 'try again when it has finished',
  })
  await expect(scale(fixture, { ...run, onlyIfFree: true })).rejects.toBeInstanceOf(BusyError)
  expect(fixture.writes).toEqual([])
  await held.release()
  await expectFree(fixture)
})

test('who came onlyIfFree makes way for the next that does not', async () => {
  const fixture = await createdFixture()
  fixture.nodes.before = (what, signal) =>
    what === 'ensure q-worker-1' ? endless(what, signal) : Promise.resolve()
  const first = scale(fixture, { ...run, onlyIfFree: true })
  const ended = expect(first).rejects.toMatchObject({
    code: 'conflict',
    message: 'somebody wants to work on the cluster',
  })
  await expect.poll(() => fixture.writes).toContain('Scaling')
  const next = await lock(fixture)
  await ended
  await expect(first).rejects.toBeInstanceOf(BusyError)
  await next.release()
  await expectFree(fixture)
})

test('the time limit counts the wait, and the message says for whom', async () => {
  const fixture = await createdFixture()
  const held = await lock(fixture)
  stopTheClock()
  const ended = expect(scale(fixture, { ...run, timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'timeout',
    message: 'the operation on cluster "q" took longer than 60 s; last seen: somebody works on it',
    hint: 'run the same command again to go on, with a longer --timeout if the machine is slow',
  })
  await vi.advanceTimersByTimeAsync(60_000)
  await ended
  vi.useRealTimers()
  await held.release()
  await expectFree(fixture)
})

test('the time limit ends the work, says what failed then, and lets go of the lock', async () => {
  const fixture = await createdFixture()
  const begun = endlessSteps(fixture, (what, signal) =>
    endless(what, signal).catch(() => {
      throw new KnestError('host-unreachable', 'pod "q-worker-1-0" is Pending')
    }),
  )
  stopTheClock()
  const ended = expect(scale(fixture, { ...run, timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'timeout',
    message: 'the operation on cluster "q" took longer than 60 s; last seen: pod "q-worker-1-0" is Pending',
  })
  await begun
  vi.advanceTimersByTime(60_000)
  await ended
  vi.useRealTimers()
  await expectFree(fixture)
})

test('that the time was over is not what was seen last', async () => {
  const fixture = await createdFixture()
  const begun = endlessSteps(fixture)
  stopTheClock()
  const ended = expect(scale(fixture, { ...run, timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'timeout',
    message: 'the operation on cluster "q" took longer than 60 s',
  })
  await begun
  vi.advanceTimersByTime(60_000)
  await ended
})

test('a limit nobody asked for is as much longer as the machines are slower', async () => {
  const fixture = await createdFixture(undefined, (backend) => ({
    ...backend,
    timeoutFactor: () => Promise.resolve(3),
  }))
  const begun = endlessSteps(fixture)
  stopTheClock()
  let over = false
  const scaled = scale(fixture, { ...run, timeoutMs: 20_000, isDefaultTimeout: true }).finally(
    () => (over = true),
  )
  const ended = expect(scaled).rejects.toThrow(/took longer than 60 s/)
  await begun
  await vi.advanceTimersByTimeAsync(59_000)
  expect(over).toBe(false)
  await vi.advanceTimersByTimeAsync(1_000)
  await ended
})

test('a lock that is lost ends the work with the reason', async () => {
  const fixture = await createdFixture()
  fixture.nodes.before = endless
  const scaled = scale(fixture)
  const ended = expect(scaled).rejects.toMatchObject({
    code: 'conflict',
    message: 'somebody else took over the lock',
  })
  await expect.poll(() => fixture.writes).toContain('Scaling')
  fixture.home.loseLock(ref)
  await ended
})

const notRenewed = new KnestError('host-unreachable', 'the lock of cluster "q" could not be renewed for 10 s')

test('a lock that could not be renewed is taken again, and the work begins anew', async () => {
  const fixture = await createdFixture()
  const progress = recordingProgress()
  fixture.nodes.before = endless
  const scaled = scale(fixture, { ...run, progress })
  await expect.poll(() => fixture.writes).toContain('Scaling')
  fixture.nodes.before = () => Promise.resolve()
  fixture.home.loseLock(ref, notRenewed)
  await expect(scaled).resolves.toMatchObject({ phase: 'Ready', workers: { desired: 2 } })
  expect(progress.notes.filter((note) => note.includes('could not be renewed'))).toEqual([
    `${notRenewed.message}: taking it again, and beginning anew with what is there then`,
  ])
  await expectFree(fixture)
})

test('a lock that could not be renewed and is somebody else’s by now is waited for, and nothing is done', async () => {
  const others: ClusterLock[] = []
  let isLost = false
  const fixture = await createdFixture(undefined, undefined, (home) => ({
    ...home,
    lock: async (...given) => {
      if (isLost) others.push(await home.lock(ref, never, () => undefined))
      return home.lock(...given)
    },
  }))
  const stop = new AbortController()
  const progress = recordingProgress()
  fixture.nodes.before = endless
  const scaled = scale(fixture, { ...run, signal: stop.signal, progress })
  const ended = expect(scaled).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(() => fixture.writes).toContain('Scaling')
  fixture.writes.length = 0
  isLost = true
  fixture.home.loseLock(ref, notRenewed)
  await expect.poll(() => progress.notes.at(-1)).toBe('waiting for somebody to finish with cluster "q"')
  stop.abort()
  await ended
  expect(fixture.writes).toEqual([])
  expect(others).toHaveLength(1)
})

test('a lock that could not be renewed ends the work of who looks again later', async () => {
  const fixture = await createdFixture()
  fixture.nodes.before = endless
  const ended = expect(scale(fixture, { ...run, onlyIfFree: true })).rejects.toBe(notRenewed)
  await expect.poll(() => fixture.writes).toContain('Scaling')
  fixture.home.loseLock(ref, notRenewed)
  await ended
  await expectFree(fixture)
})

test('a caller that ends its signal hears so, and the lock is free', async () => {
  const fixture = await createdFixture()
  fixture.nodes.before = endless
  const stop = new AbortController()
  const scaled = scale(fixture, { ...run, signal: stop.signal })
  const ended = expect(scaled).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(() => fixture.writes).toContain('Scaling')
  stop.abort()
  await ended
  await expectFree(fixture)
  expect(await fixture.phase()).toBe('Scaling')
})

test('a failure comes through as it is, and the lock is free', async () => {
  const fixture = await createdFixture()
  const failure = new KnestError('prerequisite', 'no room')
  fixture.nodes.before = () => Promise.reject(failure)
  await expect(scale(fixture)).rejects.toBe(failure)
  await expectFree(fixture)
})
