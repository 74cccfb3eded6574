import { describe, expect, it } from 'vitest'
import { KnestError, type ErrorCode } from '../errors.js'
import { answerError, connectionError } from './api-errors.js'
import { isLostConnection, isTemporary } from './temporary.js'

const asked = { description: 'the API', server: new URL('https://localhost:6443'), request: 'GET /' }
const caused = (code: string): Error => Object.assign(new Error(code), { code })

describe('what may be gone when it is asked again', () => {
  it.each([429, 500, 502, 503, 504, 408])('an answer of %i', (status) => {
    expect(isTemporary(answerError(status, '', asked))).toBe(true)
  })

  it.each([400, 401, 403, 404, 409, 413, 422])('not an answer of %i', (status) => {
    expect(isTemporary(answerError(status, '', asked))).toBe(false)
  })

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN'])(
    'a connection that ended with %s',
    (code) => {
      expect(isTemporary(connectionError(caused(code), asked))).toBe(true)
      // As fetch and sockets in sockets wrap it.
      const wrapped = new Error('failed', { cause: caused(code) })
      expect(isTemporary(connectionError(wrapped, asked))).toBe(true)
    },
  )

  it('a connection that ended without a word, and no answer in time', () => {
    expect(isTemporary(connectionError(new Error('unexpected end'), asked))).toBe(true)
    expect(isTemporary(new KnestError('timeout', 'no answer'))).toBe(true)
    expect(isTemporary(new KnestError('host-unreachable', 'port 6443 of pod "a" does not answer'))).toBe(true)
  })

  it.each([
    ...['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_SIGNATURE_FAILURE', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ...['ERR_TLS_CERT_ALTNAME_INVALID', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN'],
    ...['ERR_SSL_WRONG_VERSION_NUMBER', 'EPROTO', 'ENOTFOUND'],
  ])('not a connection that ended with %s', (code) => {
    expect(isTemporary(connectionError(caused(code), asked))).toBe(false)
  })

  it.each<ErrorCode>([
    'config',
    'conflict',
    'cancelled',
    'not-found',
    'already-exists',
    'node-command',
    'usage',
  ])('not %s', (code) => {
    expect(isTemporary(new KnestError(code, 'no'))).toBe(false)
  })

  it('not a bug', () => {
    expect(isTemporary(new TypeError('x is undefined'))).toBe(false)
  })
})

it.each([
  [caused('ECONNRESET'), true],
  [caused('ETIMEDOUT'), false],
  [new KnestError('host-unreachable', 'no', { cause: caused('ECONNRESET') }), false],
  [undefined, false],
])('a lost connection is sent again at once: %s', (error, again) => {
  expect(isLostConnection(error)).toBe(again)
})
