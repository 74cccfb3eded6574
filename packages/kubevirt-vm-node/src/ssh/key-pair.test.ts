import { expect, test } from 'vitest'
import { newKeyPair } from './key-pair.js'

/** The fields of an OpenSSH structure: each a length and that many bytes. */
function fields(from: Buffer, skip: number, count: number): readonly Buffer[] {
  const found: Buffer[] = []
  for (let at = skip; found.length < count; at += 4 + from.readUInt32BE(at)) {
    found.push(from.subarray(at + 4, at + 4 + from.readUInt32BE(at)))
  }
  return found
}

test('every key is one that OpenSSH takes', () => {
  // One of 128 of ssh2's own is not: in 1500 there are some.
  for (let made = 0; made < 1500; made++) {
    const pair = newKeyPair('node')
    const body = Buffer.from(pair.private.split('\n').slice(1, -2).join(''), 'base64')
    expect(body.subarray(0, 15).toString()).toBe('openssh-key-v1\0')
    // Cipher, its hash and options; how many keys; the public and the private part.
    const [publicPart, privatePart = Buffer.alloc(0)] = fields(body, 15 + 8 + 8 + 4 + 4, 2)
    expect(publicPart?.toString('base64')).toBe(pair.public.split(' ')[1])
    const [type, point, scalar, comment] = fields(privatePart, 8, 4)
    expect([type?.toString(), point?.length, scalar?.length, comment?.toString()]).toEqual([
      'ssh-ed25519',
      32,
      64,
      'node',
    ])
  }
})
