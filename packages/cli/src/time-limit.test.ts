import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KnestError } from 'knest'
import { describe, expect, test } from 'vitest'
import { exitCodes } from './exit-codes.js'
import { FakeTerminal } from './fake-deps.js'
import { timeLimit, withinLimit } from './time-limit.js'

type Method = (...given: readonly unknown[]) => Promise<unknown>

/** Ends with its signal only, as a host that takes connections and never answers. */
const silent: Method = (...given) => {
  const signal = given
    .map((one) =>
      one instanceof AbortSignal ? one : (one as { readonly signal?: unknown } | undefined)?.signal,
    )
    .find((one) => one instanceof AbortSignal)
  return new Promise((_, reject) => {
    const end = (): void => reject(signal?.reason as Error)
    if (signal?.aborted === true) end()
    signal?.addEventListener('abort', end)
  })
}

describe('--timeout', () => {
  test.each([
    'create x',
    'create x --dry-run',
    'preflight x',
    'scale x 1:2',
    'upgrade x --kubernetes-version 1.35.5',
    'heal x',
    'pause x',
    'resume x',
    'certs x --renew',
    'delete x',
  ])('is that of all of `knest %s`', async (line) => {
    const terminal = new FakeTerminal(await mkdtemp(join(tmpdir(), 'knest-limit-')))
    const clusters = terminal.clusters as unknown as Record<string, Method>
    for (const name of ['find', 'create', 'planCreate', 'preflight']) clusters[name] = silent
    expect(await terminal.run(...line.split(' '), '--timeout', '200ms')).toBe(exitCodes.timeout)
    expect(terminal.err).toContain('error: the command took longer than 0.2 s')
    expect(terminal.err.match(/took longer/g)).toHaveLength(1)
  })

  const seen = (text: string, code: 'timeout' | 'not-found' = 'timeout') => new KnestError(code, text)
  test.each([
    [
      'what was seen last',
      seen('pod "a" is Pending'),
      /^the command .* 0.1 s; last seen: pod "a" is Pending$/,
    ],
    ['what says itself that time is over', seen('the operation took longer than 1 s'), /^the operation took/],
  ])('tells %s', async (_, error, text) => {
    const work = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(error))
      })
    await expect(withinLimit(timeLimit('100ms'), new AbortController().signal, work)).rejects.toThrow(text)
  })

  test('changes nothing about work that fails before', async () => {
    const failed = seen('no such cluster', 'not-found')
    const limited = withinLimit(timeLimit('1m'), new AbortController().signal, () => Promise.reject(failed))
    await expect(limited).rejects.toBe(failed)
  })
})
