import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { peekGzip } from './gzip.js'

test('says whether a stream is compressed, and passes all of it on', async () => {
  const packed = gzipSync('hello')
  const { stream, isGzip } = await peekGzip(Readable.from([packed.subarray(0, 4), packed.subarray(4)]))
  expect(isGzip).toBe(true)
  expect(await buffer(stream)).toEqual(packed)
  const plain = await peekGzip(Readable.from(['a', 'b']))
  expect(plain.isGzip).toBe(false)
  expect(await text(plain.stream)).toBe('ab')
  expect(await peekGzip(Readable.from([]))).toMatchObject({ isGzip: false })
})

test('fails as its source does, before the first bytes and after them', async () => {
  const failing = (...before: readonly string[]): Readable =>
    Readable.from(
      (function* () {
        yield* before
        throw new Error('cut off')
      })(),
    )
  await expect(peekGzip(failing())).rejects.toThrow('cut off')
  const { stream } = await peekGzip(failing('a'))
  await expect(text(stream)).rejects.toThrow('cut off')
})

test('ends its source when nobody reads on', async () => {
  const source = Readable.from(['a', 'b', 'c'])
  const closed = new Promise((resolve) => source.once('close', resolve))
  const { stream } = await peekGzip(source)
  await stream[Symbol.asyncIterator]().next()
  stream.destroy()
  await closed
})
