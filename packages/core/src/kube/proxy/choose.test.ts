import { describe, expect, it } from 'vitest'
import { proxyFromEnvironment } from './choose.js'
import { isExcepted } from './no-proxy.js'

describe('proxyFromEnvironment', () => {
  it.each<[string, string, Record<string, string>, string | undefined]>([
    [
      'by the scheme',
      'https://a.test',
      { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://q:2' },
      'http://p:1',
    ],
    ['by the scheme', 'http://a.test', { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://q:2' }, 'http://q:2'],
    [
      'upper case before lower',
      'https://a.test',
      { HTTPS_PROXY: 'http://p:1', https_proxy: 'http://q:2' },
      'http://p:1',
    ],
    ['lower case', 'https://a.test', { HTTPS_PROXY: '', https_proxy: 'http://q:2' }, 'http://q:2'],
    ['without a scheme', 'https://a.test', { HTTPS_PROXY: 'p.test:3128' }, 'http://p.test:3128'],
    [
      'an address without a scheme',
      'https://a.test',
      { HTTPS_PROXY: '10.0.0.1:3128' },
      'http://10.0.0.1:3128',
    ],
    [
      'a tunnel of a scheme that nobody knows',
      'https://a.test',
      { HTTPS_PROXY: 'ftp://p.test:21' },
      'http://p.test:21',
    ],
    ['none where the variable is none', 'https://a.test', { HTTPS_PROXY: ' http://p.test:1' }, undefined],
    ['usual ports', 'https://a.test', { HTTPS_PROXY: 'socks5h://p' }, 'socks5h://p:1080'],
    ['not ALL_PROXY', 'https://a.test', { ALL_PROXY: 'http://p:1' }, undefined],
    ['never for localhost', 'https://localhost:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['never for loopback', 'https://127.8.0.1:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['never for loopback', 'https://[::1]:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['but NO_PROXY', 'https://a.test', { HTTPS_PROXY: 'http://p:1', no_proxy: 'b, a.test' }, undefined],
  ])('chooses %s: %s', (_what, server, env, proxy) => {
    expect(proxyFromEnvironment(new URL(server), env)?.text).toBe(proxy)
  })

  it('reads credentials and keeps them out of its text', () => {
    const proxy = proxyFromEnvironment(new URL('https://a.test'), { HTTPS_PROXY: 'http://me:p%40ss@p:1' })
    expect(proxy).toMatchObject({
      credentials: { user: 'me', password: 'p@ss' },
      text: 'http://p:1',
      from: '$HTTPS_PROXY',
    })
  })
})

describe('isExcepted', () => {
  it.each<[string, string, boolean]>([
    ['*', 'a.test:6443', true],
    ['a.test', 'a.test:6443', true],
    ['a.test', 'b.a.test:6443', true],
    ['a.test', 'ba.test:6443', false],
    ['.a.test', 'a.test:6443', false],
    ['.a.test', 'b.a.test:6443', true],
    ['*.a.test', 'b.a.test:6443', true],
    ['*.a.test', 'a.test:6443', false],
    ['A.Test', 'a.test:6443', true],
    [' b , a.test ', 'a.test:6443', true],
    ['a.test:6443', 'a.test:6443', true],
    ['a.test:443', 'a.test:6443', false],
    ['10.0.0.0/8', '10.1.2.3:6443', true],
    ['10.0.0.0/8', '11.1.2.3:6443', false],
    ['10.0.0.0/33', '10.1.2.3:6443', false],
    ['10.1.2.3', '10.1.2.3:6443', true],
    ['10.1.2.3:443', '10.1.2.3:6443', false],
    ['10.1.2.3:6443', '10.1.2.3:6443', true],
    ['10.1.2', '10.1.2.3:6443', false],
    ['10.0.0.0/08', '10.1.2.3:6443', true],
    ['010.0.0.0/8', '10.1.2.3:6443', false],
    ['10.1.2.0/24', '[::ffff:10.1.2.3]:6443', true],
    ['::ffff:10.1.2.0/120', '10.1.2.3:6443', true],
    ['fe80::1%eth0', '[fe80::1]:6443', false],
    ['fe80::%eth0/64', '[fe80::1]:6443', false],
    ['fd00::/8', '[fd00::1]:6443', true],
    ['[fd00::1]:6443', '[fd00::1]:6443', true],
    ['fd00::1', '[fd00:0::1]:6443', true],
    ['10.0.0.0/8', 'a.test:6443', false],
    ['', 'a.test:6443', false],
    [':6443', 'a.test:6443', false],
  ])('%s for %s: %s', (list, address, expected) => {
    const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
    expect(isExcepted(list, host, Number(port))).toBe(expected)
  })
})
