import { expect, it } from 'vitest'
import { pullProxy } from './pull-proxy.js'

const own = '10.199.0.10'
const noProxy = `localhost,127.0.0.0/8,::1,.svc,.cluster.local,${own}`

it.each<[string, Record<string, string>, Record<string, string>, readonly string[]]>([
  ['no proxy', {}, {}, []],
  [
    'a proxy for HTTPS',
    { HTTPS_PROXY: 'http://proxy.corp.test:3128' },
    { KNEST_PULL_HTTPS_PROXY: 'http://proxy.corp.test:3128', KNEST_PULL_NO_PROXY: noProxy },
    [],
  ],
  [
    'lower case before upper case, and exceptions of the user before those of the node',
    { http_proxy: 'http://a.test:1', HTTP_PROXY: 'http://b.test:1', no_proxy: 'corp.test, 10.0.0.0/8' },
    { KNEST_PULL_HTTP_PROXY: 'http://a.test:1', KNEST_PULL_NO_PROXY: `corp.test,10.0.0.0/8,${noProxy}` },
    [],
  ],
  [
    'a proxy without scheme',
    { HTTPS_PROXY: 'proxy:8080' },
    { KNEST_PULL_HTTPS_PROXY: 'proxy:8080', KNEST_PULL_NO_PROXY: noProxy },
    [],
  ],
  ['one on the loopback, which no node reaches', { HTTPS_PROXY: 'http://127.0.0.1:9' }, {}, ['127.0.0.1:9']],
  [
    'one on the loopback with a password, by two names',
    { HTTPS_PROXY: 'http://me:secret@localhost:3128', http_proxy: 'http://me:secret@localhost:3128' },
    {},
    ['localhost:3128'],
  ],
  ['one on IPv6 loopback without scheme', { HTTPS_PROXY: '[::1]:3128' }, {}, ['[::1]:3128']],
  ['an empty variable', { HTTPS_PROXY: '', NO_PROXY: 'a' }, {}, []],
  ['no URL at all', { HTTPS_PROXY: 'http://' }, {}, ['a proxy that is no URL']],
])('pulls of a node on a machine with %s', (_, env, variables, unreachable) => {
  expect(pullProxy(env, own)).toEqual({ variables, unreachable })
})
