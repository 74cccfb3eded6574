import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { silentProgress } from '../contracts/progress.js'
import type { StepTime } from '../contracts/timing.js'
import { KnestError } from '../errors.js'
import { takeTurns } from '../signals.js'
import { runSteps } from './run-steps.js'
import type { Step } from './step.js'

function step(id: string, ...needs: string[]): Step {
  return { kind: 'ensure-authorities', id, title: id, needs }
}

const options = { progress: silentProgress, signal: new AbortController().signal }

describe('runSteps', () => {
  it('runs what does not depend at once, and the rest in order', async () => {
    const log: string[] = []
    await runSteps(
      [step('c', 'a', 'b'), step('a'), step('b')],
      async ({ id }) => {
        log.push(`+${id}`)
        await delay(5)
        log.push(`-${id}`)
      },
      options,
    )
    expect(log.slice(0, 2)).toEqual(['+a', '+b'])
    expect(log.slice(-2)).toEqual(['+c', '-c'])
  })

  it('begins each step when it is its turn', async () => {
    const log: string[] = []
    const signal = takeTurns(new AbortController().signal, {
      wait: () => () => Promise.resolve(),
      ready: () => Promise.resolve(void log.push('asked')),
    })
    await runSteps([step('a'), step('b', 'a')], ({ id }) => Promise.resolve(void log.push(id)), {
      ...options,
      signal,
    })
    expect(log).toEqual(['asked', 'a', 'asked', 'b'])
  })

  it('throws the first failure, stops what runs and starts nothing more', async () => {
    const started: string[] = []
    let stopped = false
    const running = runSteps(
      [step('a'), step('slow'), step('after', 'a')],
      async ({ id }, _progress, signal) => {
        started.push(id)
        if (id === 'a') throw new Error('a broke')
        await delay(60_000, undefined, { signal }).catch(() => (stopped = true))
        signal.throwIfAborted()
      },
      options,
    )
    await expect(running).rejects.toThrow('a broke')
    expect(started).toEqual(['a', 'slow'])
    expect(stopped).toBe(true)
  })

  it('tells when each step ran, of a failed one too', async () => {
    const times: StepTime[] = []
    const running = runSteps(
      [step('a'), step('b', 'a'), step('c', 'b')],
      ({ id }) => (id === 'b' ? Promise.reject(new Error('b broke')) : delay(20)),
      { ...options, clock: (time) => times.push(time) },
    )
    await expect(running).rejects.toThrow('b broke')
    expect(times.map(({ id, needs }) => [id, needs])).toEqual([
      ['a', []],
      ['b', ['a']],
    ])
    const [a, b] = times
    expect((a?.endMs ?? 0) - (a?.startMs ?? 0)).toBeGreaterThanOrEqual(15)
    expect(b?.startMs).toBeGreaterThanOrEqual(a?.endMs ?? Infinity)
  })

  it('stops when the caller aborts', async () => {
    const abort = new AbortController()
    const running = runSteps(
      [step('a')],
      (_step, _progress, signal) => delay(60_000, undefined, { signal }),
      {
        ...options,
        signal: abort.signal,
      },
    )
    abort.abort(new Error('enough'))
    await expect(running).rejects.toThrow()
  })

  it('of steps that a time limit ended, throws what one of them knows', async () => {
    const over = new KnestError('timeout', 'the time limit is over')
    const abort = new AbortController()
    const running = runSteps(
      [step('a'), step('b')],
      ({ id }, _progress, signal) =>
        new Promise((_, reject) => {
          const told = id === 'a' ? over : new KnestError('timeout', 'pod "b": Unschedulable')
          signal.addEventListener('abort', () => reject(told))
          if (id === 'b') abort.abort(over)
        }),
      { ...options, signal: abort.signal },
    )
    await expect(running).rejects.toThrow('Unschedulable')
  })
})
