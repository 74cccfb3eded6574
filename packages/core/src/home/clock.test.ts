import { describe, expect, it } from 'vitest'
import { clockProblems, differenceOf, differenceProblems } from './clock.js'

const minute = 60_000
const day = 24 * 60 * minute

describe('the clock of this machine', () => {
  it.each<[string, number, string | undefined, RegExp | undefined]>([
    ['the same', 0, undefined, undefined],
    ['a little ahead', 29_000, undefined, undefined],
    ['a little behind', -29_000, undefined, undefined],
    ['30 s ahead', 30_000, 'warning', /is 30 s ahead of that of the host$/],
    ['a minute behind', -minute, 'warning', /is 60 s behind that of the host$/],
    ['ten minutes ahead', 10 * minute, 'error', /10 min ahead .* would not be valid there yet$/],
    ['a day behind', -day, 'warning', /24 h behind/],
    ['400 days behind', -400 * day, 'error', /400 days behind .* would have ended there$/],
  ])('%s', (_, ahead, severity, message) => {
    const [problem] = differenceProblems(ahead)
    expect(problem?.severity).toBe(severity)
    if (message !== undefined) expect(problem?.message).toMatch(message)
  })

  it.each([
    ['in one second', 5_400, 5_600, 5_000, 0],
    ['a slow answer from a second before', 5_000, 9_000, 4_000, 0],
    ['a slow answer from a second after', 5_000, 9_000, 8_000, 0],
    ['ahead', 65_000, 65_100, 4_000, 60_000],
    ['behind', 5_000, 5_100, 65_000, -59_900],
  ])('as far as an answer tells: %s', (_, asked, answered, date, ahead) => {
    expect(differenceOf(date, asked, answered)).toBe(ahead)
  })

  it('is not judged by a host that says nothing of its own', async () => {
    const { signal } = new AbortController()
    const answers = [
      () => Promise.resolve({ status: 200, body: '' }),
      () => Promise.resolve({ status: 200, body: '', date: NaN }),
      () => Promise.reject(new Error('away')),
    ]
    for (const raw of answers) expect(await clockProblems({ raw }, signal)).toEqual([])
    const raw = () => Promise.resolve({ status: 200, body: '', date: Date.now() - 600_000 })
    expect(await clockProblems({ raw }, signal)).toMatchObject([{ severity: 'error' }])
  })
})
