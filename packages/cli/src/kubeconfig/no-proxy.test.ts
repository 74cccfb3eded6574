import { expect, test } from 'vitest'
import { exceptFromProxy } from './no-proxy.js'

test.each<[string, Record<string, string>, string | undefined]>([
  ['https://10.1.2.3:31000', { HTTPS_PROXY: 'http://p:1' }, '10.1.2.3'],
  ['https://10.1.2.3:31000', { https_proxy: 'http://p:1', no_proxy: 'a.test' }, 'a.test,10.1.2.3'],
  ['https://[fd00::1]:31000', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'b', no_proxy: 'a' }, 'b,fd00::1'],
  ['https://10.1.2.3:31000', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8' }, undefined],
  ['https://127.0.0.1:31000', { HTTPS_PROXY: 'http://p:1' }, undefined],
  ['https://10.1.2.3:31000', { HTTP_PROXY: 'http://p:1' }, undefined],
])('%s with %j needs NO_PROXY=%s', (server, env, noProxy) => {
  expect(exceptFromProxy(server, env)?.noProxy).toBe(noProxy)
})
