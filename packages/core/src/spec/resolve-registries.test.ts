import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { PreflightError } from '../errors.js'
import { mergeInput, resolveSpec, type ClusterInput } from './index.js'

const pem = execFileSync(
  'openssl',
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=ca'.split(' '),
  { encoding: 'utf8', stdio: 'pipe' },
)

const full = {
  host: 'docker.io',
  mirrors: ['http://mirror:5000', 'https://harbor.example/v2/proxy'],
  ca: { pem },
  credentials: { secretRef: { name: 'hub' } },
}

test.each([
  ['everything', full],
  ['a registry with a port', { host: 'registry:5000', insecure: true }],
  ['localhost', { host: 'localhost', mirrors: ['http://10.0.0.1'] }],
  ['all others', { host: '*', mirrors: ['http://mirror'] }],
  ['a CA of a ConfigMap', { host: 'a.b', ca: { configMapKeyRef: { name: 'ca', key: 'x' } } }],
])('takes %s as it is', (_title, registry) => {
  expect(resolveSpec({ registries: [registry] }).registries).toEqual([registry])
})

test('nothing is the same as none', () => {
  expect(resolveSpec({ registries: [] })).toEqual(resolveSpec({}))
})

const mirrored = (...mirrors: string[]): object => ({ host: 'docker.io', mirrors })

test.each([
  ['a scheme', { host: 'https://docker.io', insecure: true }, 'registry "https://docker.io" has a scheme'],
  ['a path', { host: 'ghcr.io/org', insecure: true }, 'has a path'],
  ['another name of Docker Hub', { host: 'index.docker.io', insecure: true }, 'is called docker.io'],
  ['a word alone', { host: 'registry', insecure: true }, 'has neither a "." nor a port'],
  ['no name', { host: '', insecure: true }, 'has no name'],
  ['a port that is none', { host: 'a.b:99999', insecure: true }, 'has no port between'],
  ['a port with a zero', { host: 'a.b:05000', insecure: true }, 'has no port between'],
  ['upper case', { host: 'Registry.example', insecure: true }, 'is not a DNS name'],
  ['nothing about it', { host: 'docker.io' }, 'registry "docker.io" says nothing'],
  ['no URL', mirrored('mirror:5000'), 'mirror "mirror:5000" of registry "docker.io" is not a URL'],
  ['another scheme', mirrored('ftp://mirror'), 'is not a URL'],
  ['a query', mirrored('http://mirror/?a=b'), 'has a query'],
  ['a mirror twice', mirrored('http://a', 'http://a'), 'is there twice'],
  ['no CA', { host: 'a.b', ca: {} }, 'ca of registry "a.b" has 0 of pem'],
  ['two CAs', { host: 'a.b', ca: { pem, secretKeyRef: { name: 'a' } } }, 'ca of registry "a.b" has 2 of pem'],
  ['a CA that is none', { host: 'a.b', ca: { pem: 'hello' } }, 'is no certificate in PEM'],
  [
    'a damaged CA',
    { host: 'a.b', ca: { pem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' } },
    'cannot be read',
  ],
  ['a name that is none', { host: 'a.b', ca: { secretKeyRef: { name: 'A_B' } } }, 'ca.secretKeyRef "A_B"'],
  [
    'a Secret that is none',
    { host: 'a.b', credentials: { secretRef: { name: 'A' } } },
    'credentials.secretRef "A"',
  ],
  ['insecure with a CA', { host: 'a.b', ca: { pem }, insecure: true }, 'nobody would look at'],
  ['all others without a mirror', { host: '*', insecure: true }, 'names no mirror'],
  [
    'credentials for all',
    { host: '*', mirrors: ['http://a'], credentials: { secretRef: { name: 'a' } } },
    'which every registry would get',
  ],
])('refuses %s', (_title, registry, message) => {
  const problems = problemsOf({ registries: [registry as never] })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(message)
})

test('refuses a registry that is there twice', () => {
  const one = { host: 'a.b', insecure: true }
  expect(problemsOf({ registries: [one, one] })).toEqual([expect.stringContaining('is there twice')])
})

test.each([
  ['a password in a URL', mirrored('https://user:hunter2@mirror'), /has a user or password in its URL/],
  [
    'a private key',
    { host: 'a.b', ca: { pem: `${pem}-----BEGIN PRIVATE KEY-----\nhunter2` } },
    /private key/,
  ],
])('does not show %s again', (_title, registry, message) => {
  const text = problemsOf({ registries: [registry as never] }).join()
  expect(text).toMatch(message)
  expect(text).not.toContain('hunter2')
})

test('mirrors of flags take the place of the same registry of a file', () => {
  const file = { registries: [full, { host: 'a.b', insecure: true }] }
  const flags = {
    registries: [
      { host: 'docker.io', mirrors: ['http://x'] },
      { host: 'c.d', mirrors: ['http://y'] },
    ],
  }
  expect(mergeInput(file, flags).registries).toEqual([
    { ...full, mirrors: ['http://x'] },
    { host: 'a.b', insecure: true },
    { host: 'c.d', mirrors: ['http://y'] },
  ])
  expect(mergeInput(file, {}).registries).toEqual(file.registries)
  expect(mergeInput({}, flags).registries).toEqual(flags.registries)
})

function problemsOf(input: ClusterInput): readonly string[] {
  try {
    resolveSpec(input)
    return []
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error
    return error.problems.map(({ message }) => message)
  }
}
