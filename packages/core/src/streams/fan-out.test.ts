import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { fanOut } from './fan-out.js'

const piece = Buffer.alloc(64 * 1024, 'x')
const mebibyte = 1024 * 1024

function counting(pieces: number): { readonly source: Readable; readonly made: () => number } {
  let made = 0
  const source = Readable.from(
    (function* () {
      while (made < pieces) {
        made++
        yield piece
      }
    })(),
  )
  return { source, made: () => made }
}

describe('fanOut', () => {
  test('gives every reader all of it', async () => {
    const copies = fanOut(Readable.from(['a', 'b', 'c']), 3)
    expect(await Promise.all(copies.map((copy) => text(copy)))).toEqual(['abc', 'abc', 'abc'])
  })

  test('reads no further than the slowest reader', async () => {
    const { source, made } = counting(1000)
    const [fast, slow] = fanOut(source, 2) as [Readable, Readable]
    let taken = 0
    fast.on('data', (chunk: Buffer) => (taken += chunk.length))
    await new Promise((resolve) => slow.once('readable', resolve))
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(made() * piece.length).toBeLessThan(mebibyte)
    slow.resume()
    await new Promise((resolve) => fast.once('end', resolve))
    expect(taken).toBe(1000 * piece.length)
  })

  test('goes on for the others when one reader has closed', async () => {
    const { source } = counting(100)
    const [left, stays] = fanOut(source, 2) as [Readable, Readable]
    left.once('readable', () => left.destroy())
    expect((await text(stays)).length).toBe(100 * piece.length)
  })

  test('closes the source when nobody reads any more', async () => {
    const { source, made } = counting(1000)
    const copies = fanOut(source, 2)
    const closed = new Promise((resolve) => source.once('close', resolve))
    for (const copy of copies) copy.destroy()
    await closed
    expect(made()).toBeLessThan(1000)
  })

  test('tells every reader what went wrong with the source', async () => {
    const source = Readable.from(
      (function* () {
        yield 'half'
        throw new Error('cut off')
      })(),
    )
    const outcomes = await Promise.allSettled(fanOut(source, 2).map((copy) => text(copy)))
    expect(outcomes.map((each) => (each.status === 'rejected' ? String(each.reason) : 'read'))).toEqual([
      'Error: cut off',
      'Error: cut off',
    ])
  })
})
