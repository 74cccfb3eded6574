import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { emptyCluster } from '../kubeconfig/parse.js'
import type { ExecConfig } from '../kubeconfig/model.js'
import { runPlugin } from './exec-plugin.js'

const v1 = 'client.authentication.k8s.io/v1'
let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'knest-plugin-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A plugin that writes down what it was told, and answers with a line. */
function plugin(answer: string, more: Partial<ExecConfig> = {}): ExecConfig {
  const command = path.join(folder, 'login')
  const script = `#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" >"$0.info"\necho "$@ $MORE" >"$0.args"\ncat >"$0.stdin"\n${answer}\n`
  writeFileSync(command, script)
  chmodSync(command, 0o755)
  const base = { args: [], env: [], apiVersion: v1, installHint: '', provideClusterInfo: false }
  return { command, interactiveMode: 'IfAvailable', ...base, ...more }
}

const answerOf = (status: object, apiVersion = v1) =>
  `echo '${JSON.stringify({ kind: 'ExecCredential', apiVersion, status })}'`
const about = {
  entry: {
    ...emptyCluster,
    server: 'https://a.test',
    extensions: new Map([['client.authentication.k8s.io/exec', { audience: 'x' }]]),
  },
  ca: Buffer.from('pem'),
}
const noTerminal = { env: process.env, stdinIsTerminal: false }
const run = (exec: ExecConfig) => runPlugin(exec, about, noTerminal)
const wrote = (name: string) => readFileSync(path.join(folder, `login.${name}`), 'utf8')

it('tells a plugin of the cluster and itself, and reads its token, certificate and end', async () => {
  const status = {
    token: 't',
    clientCertificateData: 'c',
    clientKeyData: 'k',
    expirationTimestamp: '2026-11-28T20:00:00Z',
  }
  const exec = plugin(answerOf(status), {
    args: ['a'],
    env: [{ name: 'MORE', value: 'b' }],
    provideClusterInfo: true,
  })
  expect(await run(exec)).toEqual({
    token: 't',
    certificate: { cert: 'c', key: 'k' },
    expiresAt: Date.parse('2026-11-28T20:00:00Z'),
  })
  expect(wrote('args')).toBe('a b\n')
  expect(wrote('stdin')).toBe('')
  expect(JSON.parse(wrote('info'))).toEqual({
    kind: 'ExecCredential',
    apiVersion: v1,
    spec: {
      interactive: false,
      cluster: { server: 'https://a.test', 'certificate-authority-data': 'cGVt', config: { audience: 'x' } },
    },
  })
  await run(plugin(`printf 'apiVersion: ${v1}\\nkind: ExecCredential\\nstatus: {token: t}\\n'`))
  expect(JSON.parse(wrote('info'))).toMatchObject({ spec: { interactive: false } })
})

it.each<[string, () => ExecConfig]>([
  ['failed with exit code 3', () => plugin('exit 3')],
  ['was ended by SIGTERM', () => plugin('kill $$')],
  ['gave something else than an ExecCredential', () => plugin('echo hello')],
  ['gave something else than an ExecCredential', () => plugin(`${answerOf({ token: 't' })}; echo bye`)],
  ['gave no status', () => plugin(`echo '{"kind":"ExecCredential","apiVersion":"${v1}"}'`)],
  ['gave neither a token nor a certificate', () => plugin(answerOf({}))],
  ['gave a certificate or a key, not both', () => plugin(answerOf({ clientKeyData: 'k' }))],
  [
    'gave an expirationTimestamp that is no time',
    () => plugin(answerOf({ token: 't', expirationTimestamp: 'soon' })),
  ],
  [
    'gave an expirationTimestamp that is no time',
    () => plugin(answerOf({ token: 't', expirationTimestamp: '2026-11-28' })),
  ],
  [
    'gave apiVersion client.authentication.k8s.io/v1beta1',
    () => plugin(answerOf({ token: 't' }, 'client.authentication.k8s.io/v1beta1')),
  ],
  ['needs a terminal', () => plugin(answerOf({ token: 't' }), { interactiveMode: 'Always' })],
  ['was not found', () => plugin('', { command: 'knest-no-such-plugin' })],
  ['was not found', () => plugin('', { command: `${folder}/none` })],
])('says that a plugin %s', async (said, exec) => {
  const error: unknown = await run(exec()).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'not-permitted' })
  expect(String(error)).toMatch(/login plugin ".*"/)
  expect(String(error)).toContain(said)
})

it('shows how to install a plugin that is missing, without control characters', async () => {
  const error: unknown = await run(
    plugin('', { command: 'knest-none', installHint: 'get it\u001b[1m' }),
  ).catch((e: unknown) => e)
  expect(error).toMatchObject({ hint: 'get itU+001B[1m' })
})
