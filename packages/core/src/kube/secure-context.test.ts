import { expect, it } from 'vitest'
import { createAuthorities } from '../pki/authorities.js'
import { secureContexts } from './secure-context.js'

it('keeps a TLS context until CA, certificate or key are others', async () => {
  const [{ ca: before }, { ca: after }] = await Promise.all([createAuthorities(), createAuthorities()])
  const contextOf = secureContexts()
  const first = contextOf({ ca: before.cert, cert: before.cert, key: before.key })
  expect(first).toBeDefined()
  expect(contextOf({ ca: Buffer.from(before.cert), cert: before.cert, key: before.key })).toBe(first)
  expect(contextOf({ ca: before.cert, cert: after.cert, key: after.key })).not.toBe(first)
})

it('has none for what cannot be read', () => {
  expect(secureContexts()({ cert: 'no certificate' })).toBeUndefined()
})
