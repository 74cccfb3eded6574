import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { loadKubeconfig } from './load.js'
import { serverUrl } from './server-url.js'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'knest-kubeconfig-'))
  writeFileSync(path.join(folder, 'there.pem'), 'pem')
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

const data = Buffer.from('pem').toString('base64')

interface Parts {
  readonly cluster?: object
  readonly user?: object
  readonly context?: object
  readonly more?: object
}

function textOf({ cluster = {}, user = { token: 'abc' }, context = {}, more = {} }: Parts): string {
  return stringify({
    'current-context': 'a',
    clusters: [{ name: 'a', cluster: { server: 'https://a.test', ...cluster } }],
    users: [{ name: 'a', user }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a', ...context } }],
    ...more,
  })
}

const load = (parts: Parts) => loadKubeconfig({ kubeconfigText: textOf(parts) }, {})
const exec = { command: 'login', apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never' }

describe('a kubeconfig is refused that', () => {
  it.each<[string, Parts]>([
    [
      'as-uid, as-groups or as-user-extra without "as"',
      { user: { token: 'a', 'as-groups': ['system:masters'] } },
    ],
    ['as-uid, as-groups or as-user-extra without "as"', { user: { token: 'a', 'as-uid': '1' } }],
    [
      'as-uid, as-groups or as-user-extra without "as"',
      { user: { token: 'a', 'as-user-extra': { a: ['b'] } } },
    ],
    ['both a token and a user name', { user: { token: 'a', username: 'b', password: 'c' } }],
    [
      'both client-certificate and client-certificate-data',
      { user: { 'client-certificate': 'there.pem', 'client-certificate-data': data } },
    ],
    [
      'a client certificate without client-key or client-key-data',
      { user: { 'client-certificate-data': data } },
    ],
    [
      'client-key "/none.pem" that does not exist',
      { user: { 'client-certificate-data': data, 'client-key': '/none.pem' } },
    ],
    ['both auth-provider and exec', { user: { exec, 'auth-provider': { name: 'oidc' } } }],
    ['without command', { user: { exec: { ...exec, command: '' } } }],
    ['without apiVersion', { user: { exec: { ...exec, apiVersion: undefined } } }],
    [
      'apiVersion client.authentication.k8s.io/v1alpha1',
      { user: { exec: { ...exec, apiVersion: 'client.authentication.k8s.io/v1alpha1' } } },
    ],
    ['without interactiveMode', { user: { exec: { ...exec, interactiveMode: undefined } } }],
    ['interactiveMode is not', { user: { exec: { ...exec, interactiveMode: 'Sometimes' } } }],
    ['an env without name', { user: { exec: { ...exec, env: [{ value: 'a' }] } } }],
    ['has no server', { cluster: { server: '' } }],
    [
      'both certificate-authority and',
      { cluster: { 'certificate-authority': 'a', 'certificate-authority-data': data } },
    ],
    [
      'certificate-authority "/none.pem" that does not exist',
      { cluster: { 'certificate-authority': '/none.pem' } },
    ],
    ['proxy-url that is not of scheme', { cluster: { 'proxy-url': 'ftp://a.test' } }],
    ['proxy-url that is not of scheme', { cluster: { 'proxy-url': 'socks5h://a.test' } }],
    ['proxy-url that is not of scheme', { cluster: { 'proxy-url': '127.0.0.1:3128' } }],
    ['no usable server URL', { cluster: { server: 'ftp://a.test' } }],
    ['names user "b", which is not in', { context: { user: 'b' } }],
    ['names cluster "b", which is not in', { context: { cluster: 'b' } }],
    ['a user without credentials', { user: {} }],
    ['users[0].user.token is not text', { user: { token: 12345 } }],
    [
      'clusters[0].cluster.insecure-skip-tls-verify is not',
      { cluster: { 'insecure-skip-tls-verify': 'true' } },
    ],
    ['certificate-authority-data is not base64', { cluster: { 'certificate-authority-data': 'a$' } }],
    ['two entries named "a"', { more: { users: [{ name: 'a' }, { name: 'a' }] } }],
    ['apiVersion is not v1', { more: { apiVersion: 'v2' } }],
    ['kind is not Config', { more: { kind: 'ConfigMap' } }],
    ['preferences.colors is not', { more: { preferences: { colors: 'red' } } }],
  ])('has %s', async (said, parts) => {
    const error: unknown = await load(parts).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'config' })
    expect(String(error)).toContain(said)
    expect(String(error)).not.toMatch(/12345|a\$/)
  })
})

describe('a kubeconfig is read that has', () => {
  it.each<[string, Parts]>([
    ['fields kubectl does not know', { user: { token: 'abc', tokens: 1, As: 'root' }, more: { other: [1] } }],
    [
      'a broken entry that nobody names',
      { more: { contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }, { name: 'b' }, null] } },
    ],
    [
      'null for what is not there',
      {
        cluster: { 'certificate-authority-data': null },
        user: { token: 'abc', as: null },
        more: { preferences: null, extensions: null },
      },
    ],
    ['null instead of a plugin', { user: { token: 'abc', exec: null, 'auth-provider': null } }],
    [
      'a plugin of before interactiveMode',
      {
        user: {
          exec: { command: 'a', apiVersion: 'client.authentication.k8s.io/v1beta1', args: null, env: null },
        },
      },
    ],
    ['extensions', { more: { extensions: [{ name: 'a', extension: { b: 1 } }] } }],
  ])('%s', async (_what, parts) => {
    expect(await load(parts)).toMatchObject({ context: 'a', namespace: 'default' })
  })

  it('takes a user that is not there for nobody over plain HTTP', async () => {
    const parts = { cluster: { server: 'http://a.test' }, context: { user: 'b', namespace: '' } }
    expect(await load(parts)).toMatchObject({ namespace: 'default', user: { token: '' } })
  })
})

it('takes relative files from the folder of their kubeconfig, and a command with a slash', async () => {
  mkdirSync(path.join(folder, 'sub'))
  const write = (name: string, text: string) => {
    writeFileSync(path.join(folder, name), text)
    return path.join(folder, name)
  }
  const one = write(
    'sub/one',
    textOf({
      cluster: { 'certificate-authority': '../there.pem' },
      user: { exec: { ...exec, command: './login' } },
    }),
  )
  const two = write('two', textOf({ user: { tokenFile: 'token' }, more: { 'current-context': 'b' } }))
  const chosen = await loadKubeconfig({}, { KUBECONFIG: `:${one}::${two}:${one}` })
  expect(chosen.cluster.certificateAuthority).toBe(path.join(folder, 'there.pem'))
  expect(chosen.user.exec?.command).toBe(path.join(folder, 'sub', 'login'))
  const other = await loadKubeconfig({ kubeconfig: two, context: 'a' }, {})
  expect(other.user.tokenFile).toBe(path.join(folder, 'token'))
  const byName = textOf({ user: { exec } })
  expect((await loadKubeconfig({ kubeconfig: write('three', byName) }, {})).user.exec?.command).toBe('login')
})

it('leaves the environment’s proxy out for a host on this machine, and takes proxy-url before it', async () => {
  const env = { HTTPS_PROXY: 'http://p.test:1' }
  const at = async (parts: Parts, choice = {}) =>
    (await loadKubeconfig({ kubeconfigText: textOf(parts), ...choice }, env)).proxy?.text
  expect(await at({})).toBe('http://p.test:1')
  expect(await at({}, { direct: true })).toBeUndefined()
  const extensions = [{ name: 'knest.dev', extension: { embedded: 'knest-host' } }]
  expect(await at({ context: { extensions } })).toBeUndefined()
  expect(await at({ cluster: { server: 'https://127.0.0.1', 'proxy-url': 'socks5://q.test' } })).toBe(
    'socks5://q.test:1080',
  )
})

it('sends the user name of a server with requests, in place of all else, and tells it nobody', async () => {
  const server = 'https://me:p%40ss@a.test:6443'
  const chosen = await load({ cluster: { server }, user: { token: 'abc', as: 'jane' } })
  expect(chosen.server.href).toBe('https://a.test:6443/')
  expect(chosen.user).toMatchObject({ username: 'me', password: 'p@ss', token: '', as: 'jane' })
})

it.each<[string, string | undefined]>([
  ['HTTPS://API.Test:6443', 'https://api.test:6443/'],
  ['https://a.test/', 'https://a.test/'],
  ['https://a.test/k8s/clusters/c-1', 'https://a.test/k8s/clusters/c-1'],
  ['https://a.test/k8s/?x=y#z', 'https://a.test/k8s/'],
  ['10.0.0.1:8080', 'http://10.0.0.1:8080/'],
  ['localhost:8080', 'http://localhost:8080/'],
  ['a.test', 'http://a.test/'],
  ['a.test/path', undefined],
  ['ftp://a.test', undefined],
  ['https://', undefined],
  [' https://a.test', undefined],
  // Names for kubectl, addresses for a browser.
  ['https://127.1:6443', undefined],
  ['https://2130706433', undefined],
  ['https://0177.0.0.1', undefined],
  ['https://a%zz@a.test', undefined],
])('takes server %s as %s', (server, url) => {
  expect(serverUrl(server)?.href).toBe(url)
})
