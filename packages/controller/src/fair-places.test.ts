import { describe, expect, it } from 'vitest'
import { createFairPlaces } from './fair-places.js'
import type { Place } from './fair-places.js'

function host(limit: number) {
  const places = createFairPlaces(limit)
  const got: string[] = []
  const held: Place[] = []
  const take = (group: string, name: string): Place =>
    places.take(group, (place) => {
      got.push(name)
      held.push(place)
    })
  return { places, got, take, release: () => held.shift()?.release() }
}

describe('fair places', () => {
  it('let groups take turns, and each in the order in which it came', () => {
    const { got, take, release } = host(1)
    for (const name of ['a1', 'a2', 'a3', 'a4']) take('a', name)
    for (const name of ['b1', 'b2']) take('b', name)
    take('c', 'c1')
    for (let count = 0; count < 7; count++) release()
    expect(got).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
  })

  it('count who waits, since when, and who has one', () => {
    const { places, take, release } = host(1)
    expect(places.count()).toEqual({ waiting: 0, taken: 0, oldestMs: 0 })
    take('a', 'a1')
    take('b', 'b1')
    const { oldestMs, ...counts } = places.count()
    expect(counts).toEqual({ waiting: 1, taken: 1 })
    expect(oldestMs).toBeGreaterThanOrEqual(0)
    release()
    release()
    expect(places.count()).toEqual({ waiting: 0, taken: 0, oldestMs: 0 })
  })

  it('are not given to who gave up waiting, and given back but once', () => {
    const { places, got, take, release } = host(1)
    const first = take('a', 'a1')
    take('a', 'a2').release()
    take('b', 'b1')
    first.release()
    first.release()
    expect(got).toEqual(['a1', 'b1'])
    release()
    release()
    expect(places.count().taken).toBe(0)
  })

  it('count those that are taken anyway', () => {
    const { places, got, take, release } = host(1)
    take('a', 'a1')
    const more = places.takeAnyway()
    take('a', 'a2')
    release()
    expect(got).toEqual(['a1'])
    more.release()
    expect(got).toEqual(['a1', 'a2'])
  })
})
