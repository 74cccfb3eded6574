import { describe, expect, test } from 'vitest'
import type { HostData, RegistrySpec } from '../contracts/registries.js'
import { readRegistries, type RegistrySettings } from './index.js'

const { signal } = new AbortController()
const ref = { name: 'a', namespace: 'knest-a' }
const basic = (text: string): string => Buffer.from(text).toString('base64')

const dockerConfig = (auths: object): HostData => ({
  data: { '.dockerconfigjson': JSON.stringify({ auths }) },
})
const stored: Readonly<Record<string, HostData>> = {
  'Secret/login': { data: { username: 'me', password: 'hunter2' } },
  'Secret/hub': dockerConfig({ 'https://index.docker.io/v1/': { auth: basic('hub:hunter2') } }),
  'Secret/both': dockerConfig({
    'a.b:5000': { username: 'one', password: 'hunter2' },
    'https://mirror.example': { username: 'two', password: 'hunter3' },
  }),
  'Secret/other': dockerConfig({ 'c.d': { username: 'one', password: 'hunter2' } }),
  'Secret/damaged': { data: { '.dockerconfigjson': 'hunter2' } },
  'Secret/anonymous': dockerConfig({ 'a.b:5000': {} }),
  'Secret/empty': { data: {} },
  'ConfigMap/ca': { data: { 'ca.crt': 'no certificate' } },
}

function read(...registries: readonly RegistrySpec[]): Promise<RegistrySettings> {
  const readData = (kind: string, name: string): Promise<HostData | undefined> =>
    Promise.resolve(stored[`${kind}/${name}`])
  return readRegistries({ readData }, ref, { registries }, signal)
}
const secretRef = (name: string): RegistrySpec['credentials'] => ({ secretRef: { name } })
const tomlOf = async (registry: RegistrySpec): Promise<string> => {
  const { hosts, problems } = await read(registry)
  expect(problems).toEqual([])
  return [...hosts.values()][0]?.['hosts.toml']?.replace(/^#.*\n/, '') ?? ''
}

describe('the files of registries', () => {
  const pem = 'PEM'
  const pull = 'capabilities = ["pull", "resolve"]'
  const ca = 'ca = "/etc/containerd/certs.d/a.b/ca.crt"'
  test.each<[string, RegistrySpec, string]>([
    [
      'mirrors, in their order',
      { host: 'a.b', mirrors: ['http://m:5000', 'https://n'] },
      `\n[host."http://m:5000"]\n${pull}\n\n[host."https://n"]\n${pull}\n`,
    ],
    [
      'a path that names the API',
      { host: 'a.b', mirrors: ['https://harbor/v2/proxy', 'https://plain/v2', 'https://more/path'] },
      `\n[host."https://harbor/v2/proxy"]\n${pull}\noverride_path = true\n\n[host."https://plain/v2"]\n${pull}\n\n[host."https://more/path"]\n${pull}\n`,
    ],
    [
      'a CA, which plain HTTP has no use for',
      { host: 'a.b', ca: { pem }, mirrors: ['http://m', 'https://n'] },
      `${ca}\n\n[host."http://m"]\n${pull}\n\n[host."https://n"]\n${pull}\n${ca}\n`,
    ],
    ['a CA alone', { host: 'a.b', ca: { pem } }, `${ca}\n\n[host."https://a.b"]\n${ca}\n`],
    [
      'Docker Hub by its address',
      { host: 'docker.io', insecure: true },
      'skip_verify = true\n\n[host."https://registry-1.docker.io"]\nskip_verify = true\n',
    ],
    ['all others', { host: '*', mirrors: ['http://m'] }, `\n[host."http://m"]\n${pull}\n`],
    [
      'a login of a mirror',
      { host: 'a.b:5000', mirrors: ['https://mirror.example/x'], credentials: secretRef('both') },
      `\n[host."https://mirror.example/x"]\n${pull}\n[host."https://mirror.example/x".header]\nAuthorization = "Basic ${basic('two:hunter3')}"\n`,
    ],
  ])('%s', async (_title, registry, text) => {
    expect(await tomlOf(registry)).toBe(text)
  })

  test('are in folders that containerd looks into', async () => {
    const { hosts } = await read(
      { host: '*', mirrors: ['http://m'] },
      { host: 'a.b:5000', mirrors: ['http://m'], ca: { pem } },
      { host: 'c.d', credentials: secretRef('login') },
    )
    expect([...hosts].map(([folder, files]) => [folder, Object.keys(files)])).toEqual([
      ['_default', ['hosts.toml']],
      ['a.b:5000', ['hosts.toml', 'ca.crt']],
    ])
  })

  test.each<[string, RegistrySpec, string, string]>([
    ['basic-auth', { host: 'a.b', credentials: secretRef('login') }, 'a.b', 'me:hunter2'],
    ['dockerconfigjson', { host: 'a.b:5000', credentials: secretRef('both') }, 'a.b:5000', 'one:hunter2'],
    [
      'Docker Hub',
      { host: 'docker.io', credentials: secretRef('hub') },
      'https://index.docker.io/v1/',
      'hub:hunter2',
    ],
  ])('kubelet gets the credentials of %s', async (_title, registry, server, login) => {
    const { credentials, problems } = await read(registry)
    expect(problems).toEqual([])
    expect(JSON.parse(credentials ?? '')).toEqual({ auths: { [server]: { auth: basic(login) } } })
  })

  test('have one digest for one content, and none for nothing', async () => {
    const one: RegistrySpec = { host: 'a.b', mirrors: ['http://m'] }
    const { digest } = await read(one)
    expect((await read(one)).digest).toBe(digest)
    expect((await read({ ...one, mirrors: ['http://n'] })).digest).not.toBe(digest)
    expect((await read({ ...one, credentials: secretRef('login') })).digest).not.toBe(digest)
    expect((await read()).digest).toBeUndefined()
  })
})

test.each<[string, RegistrySpec, string]>([
  [
    'no Secret',
    { host: 'a.b', credentials: secretRef('none') },
    'Secret "none" of registry "a.b" is not in namespace "knest-a"; make it, after its namespace: `kubectl create secret docker-registry none --docker-server=a.b',
  ],
  [
    'no ConfigMap',
    { host: 'a.b', ca: { configMapKeyRef: { name: 'none' } } },
    'ConfigMap "none" of registry "a.b" is not in namespace "knest-a"; make it, after its namespace: `kubectl create configmap none --from-file=ca.crt -n knest-a`',
  ],
  [
    'a key that is missing',
    { host: 'a.b', ca: { secretKeyRef: { name: 'login' } } },
    'Secret "login" of registry "a.b" has no key "ca.crt"',
  ],
  [
    'a CA that is none',
    { host: 'a.b', ca: { configMapKeyRef: { name: 'ca' } } },
    'key "ca.crt" of ConfigMap "ca" of registry "a.b" is no certificate in PEM',
  ],
  [
    'a Secret of something else',
    { host: 'a.b', credentials: secretRef('empty') },
    'Secret "empty" of registry "a.b" has neither the key ".dockerconfigjson" nor',
  ],
  ['damaged JSON', { host: 'a.b', credentials: secretRef('damaged') }, 'that is no JSON with "auths" in it'],
  ['nobody', { host: 'a.b', credentials: secretRef('anonymous') }, 'has no user and password'],
  [
    'other registries',
    { host: 'a.b', mirrors: ['http://m:80/x'], credentials: secretRef('other') },
    'Secret "other" of registry "a.b" has no entry for "a.b" or "m"; it has "c.d"',
  ],
])('names a reference to %s, and nothing secret', async (_title, registry, text) => {
  const { problems } = await read(registry)
  const said = problems.map(({ message, hint }) => `${message}; ${hint}`)
  expect(said).toEqual([expect.stringContaining(text)])
  expect(said.join()).not.toContain('hunter')
})
