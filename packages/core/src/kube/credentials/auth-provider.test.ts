import { expect, it } from 'vitest'
import { authProviderToken } from './auth-provider.js'

const jwt = (exp: number) => `h.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.s`

it('takes a token of oidc while it is valid, and refuses what kubectl has no longer', () => {
  const settings: [string, string][] = [
    ['idp-issuer-url', 'https://i.test'],
    ['client-id', 'me'],
  ]
  const oidc = (token: string) => ({ name: 'oidc', config: new Map([...settings, ['id-token', token]]) })
  expect(authProviderToken(oidc(jwt(100)), () => 80_000)).toBe(jwt(100))
  expect(() => authProviderToken(oidc(jwt(100)), () => 95_000)).toThrow('has expired')
  expect(() => authProviderToken(oidc('nothing'))).toThrow('has expired')
  expect(() => authProviderToken({ name: 'oidc', config: new Map() })).toThrow('has no idp-issuer-url')
  expect(() => authProviderToken({ name: 'gcp', config: new Map() })).toThrow(
    'no longer has the auth-provider "gcp"',
  )
})
