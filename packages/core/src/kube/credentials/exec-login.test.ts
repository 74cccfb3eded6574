import { expect, it } from 'vitest'
import type { PluginCredentials } from './exec-credential.js'
import { openExecLogin } from './exec-login.js'

const given = (token: string, expiresAt?: number): PluginCredentials => ({
  token,
  certificate: undefined,
  expiresAt,
})

it('runs the plugin once for all who wait, again before its token ends, and after a refusal', async () => {
  let now = 0
  let runs = 0
  const login = openExecLogin(
    () => Promise.resolve(given(`t${++runs}`, now + 60_000)),
    () => now,
  )
  const tokens = await Promise.all([login.credentials(), login.credentials(), login.credentials()])
  expect(tokens.map(({ token }) => token)).toEqual(['t1', 't1', 't1'])
  now = 53_000
  expect((await login.credentials()).token).toBe('t1')
  now = 55_000
  const second = await login.credentials()
  expect(second.token).toBe('t2')
  const [a, b] = await Promise.all([login.renew(second), login.renew(second)])
  expect([a.token, b.token, runs]).toEqual(['t3', 't3', 3])
  // Whoever was refused with older ones has newer ones to try first.
  expect((await login.renew(second)).token).toBe('t3')
})

it('keeps a token without an end, and nothing of a plugin that failed', async () => {
  let runs = 0
  const login = openExecLogin(
    () => (++runs === 1 ? Promise.reject(new Error('no')) : Promise.resolve(given('t'))),
    () => 10 ** 15,
  )
  await expect(login.credentials()).rejects.toThrow('no')
  await login.credentials()
  await login.credentials()
  expect(runs).toBe(2)
})
