import { Readable } from 'node:stream'
import { toBytes } from './input.js'

/** A stream whose beginning has been looked at; it is read in place of the one it was made of. */
export interface Peeked {
  readonly stream: Readable
  readonly isGzip: boolean
}

/** Throws the error of the source when it has one before its first bytes. */
export async function peekGzip(source: Readable): Promise<Peeked> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<string | Uint8Array>
  const first = await chunks.next()
  if (first.done === true) return { stream: Readable.from([]), isGzip: false }
  const bytes = toBytes(first.value)
  const stream = Readable.from(whole(bytes, { [Symbol.asyncIterator]: () => chunks }))
  return { stream, isGzip: bytes[0] === 0x1f && bytes[1] === 0x8b }
}

async function* whole(
  first: Uint8Array,
  rest: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<string | Uint8Array> {
  yield first
  yield* rest
}
