import { expect, test } from 'vitest'
import { hostOf, inUrl, portOf } from './url-host.js'

test.each([
  ['https://a.test', 'a.test', 443],
  ['http://a.test', 'a.test', 80],
  ['https://a.test:443', 'a.test', 443],
  ['https://[fd00::1]:6443', 'fd00::1', 6443],
  ['http://10.1.2.3:08080', '10.1.2.3', 8080],
  ['socks5://proxy.test', 'proxy.test', 1080],
  ['socks5h://[::1]', '::1', 1080],
])('%s is of %s, port %d', (text, host, port) => {
  const url = new URL(text)
  expect([hostOf(url), portOf(url)]).toEqual([host, port])
  expect(new URL(`${url.protocol}//${inUrl(host)}:${port}`).hostname).toBe(url.hostname)
})

test.each([
  ['fe80::1%eth0', '[fe80::1%eth0]'],
  ['a.test', 'a.test'],
  ['10.1.2.3', '10.1.2.3'],
])('%s stands in a URL as %s', (host, expected) => {
  expect(inUrl(host)).toBe(expected)
})
