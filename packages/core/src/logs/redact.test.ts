import { describe, expect, test } from 'vitest'
import { redactObject, redactText } from './redact.js'

/** What must never be in a bundle. Put together here, so that no scanner takes it for a real one. */
const seed = 'S33dS33dS33dS33d'
const pem = (kind: string): string => `-----BEGIN ${kind}-----\n${seed}\n${seed}\n-----END ${kind}-----`
const base64 = (text: string): string => Buffer.from(text).toString('base64')

const texts: readonly (readonly [string, string, string])[] = [
  ['a private key', pem('PRIVATE KEY'), '[removed]'],
  ['a key of RSA between other lines', `a\n${pem('RSA PRIVATE KEY')}\nb`, 'a\n[removed]\nb'],
  ['an SSH key', pem('OPENSSH PRIVATE KEY'), '[removed]'],
  ['a key in JSON', JSON.stringify({ key: pem('EC PRIVATE KEY') }), '{"key":"[removed]"}'],
  ['a key without its end', `x\n-----BEGIN PRIVATE KEY-----\n${seed}`, 'x\n[removed]'],
  ['a key without its beginning', `${seed}\n-----END PRIVATE KEY-----\nb`, '[removed]\nb'],
  [
    'a key of a kubeconfig',
    `    client-key-data: ${base64(pem('PRIVATE KEY'))}\n`,
    '    client-key-data: [removed]\n',
  ],
  ['a token of a kubeconfig', `    token: ${seed}\n    user: a`, '    token: [removed]\n    user: a'],
  ['a quoted one', `token: "${seed}"`, 'token: [removed]'],
  [
    'a bootstrap token',
    'kubeadm join --token abcdef.0123456789abcdef --v=5',
    'kubeadm join --token [removed] --v=5',
  ],
  ['one in a list', '- token: abcdef.0123456789abcdef', '- token: [removed]'],
  ['one in the name of a user', 'system:bootstrap:x abcdef.0123456789abcdef', 'system:bootstrap:x [removed]'],
  ['a certificate key', `--certificate-key ${seed}`, '--certificate-key [removed]'],
  ['one with =', `--certificate-key=${seed} b`, '--certificate-key=[removed] b'],
  ['a JSON Web Token', `got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJl.${seed} here`, 'got [removed] here'],
  ['a header', `Authorization: Bearer ${seed}`, 'Authorization: Bearer [removed]'],
  [
    'a password in a URL',
    `pull https://me:${seed}@registry.example/v2/`,
    'pull https://me:[removed]@registry.example/v2/',
  ],
  [
    'an encryption key',
    `        keys:\n        - name: a\n          secret: ${seed}==`,
    '        keys:\n        - name: a\n          secret: [removed]',
  ],
  ['a variable', `DB_PASSWORD=${seed} next`, 'DB_PASSWORD=[removed] next'],
  ['a setting of containerd', `  password = "${seed}"`, '  password = [removed]'],
  ['JSON', `{"auth":"${seed}","a":1}`, '{"auth":"[removed]","a":1}'],
  ['JSON in JSON', `{"x":"{\\"password\\":\\"${seed}\\"}"}`, '{"x":"{\\"password\\":\\"[removed]\\"}"}'],
]

describe('redactText', () => {
  test.each(texts)('removes %s', (_, text, expected) => {
    expect(redactText(text)).toBe(expected)
    expect(redactText(redactText(text))).toBe(expected)
  })

  test.each([
    'I1129 18:00:00.000000       1 server.go:42] "Starting" node="a" token-cleaner="on its way"',
    'secretName: default-tls',
    '    kind: Secret',
    'etcd.io/etcd v3.6.5 at 10.244.0.7:2379',
    pem('CERTIFICATE'),
    'volumes:\n  - secret:\n      secretName: a\n',
  ])('leaves %j as it is', (text) => {
    expect(redactText(text)).toBe(text)
  })
})

test('a line without end takes no time', () => {
  for (const word of ['a', '-', 'eyJ', 'token', '"'])
    expect(redactText(word.repeat(20_000))).toBe(word.repeat(20_000))
})

test('objects keep names and keys, and lose what is secret', () => {
  const value = {
    kind: 'Secret',
    metadata: {
      name: 'a',
      managedFields: [{ manager: 'x' }],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': seed, note: 'fine' },
    },
    data: { 'tls.key': seed, any: seed },
    stringData: { b: seed },
    spec: {
      containers: [
        {
          env: [
            { name: 'API_TOKEN_SECRET', value: seed },
            { name: 'MODE', value: 'fast' },
          ],
          args: [`--token=${seed}`],
        },
      ],
      volumes: [
        { cloudInitNoCloud: { userData: seed, userDataBase64: seed } },
        { secret: { secretName: 's' } },
      ],
      password: seed,
    },
  }
  const left = redactObject(value)
  expect(JSON.stringify(left)).not.toContain(seed)
  expect(left).toEqual({
    kind: 'Secret',
    metadata: {
      name: 'a',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '[removed]', note: 'fine' },
    },
    data: { 'tls.key': '[removed]', any: '[removed]' },
    stringData: { b: '[removed]' },
    spec: {
      containers: [
        {
          env: [
            { name: 'API_TOKEN_SECRET', value: '[removed]' },
            { name: 'MODE', value: 'fast' },
          ],
          args: ['--token=[removed]'],
        },
      ],
      volumes: [
        { cloudInitNoCloud: { userData: '[removed]', userDataBase64: '[removed]' } },
        { secret: { secretName: 's' } },
      ],
      password: '[removed]',
    },
  })
})
