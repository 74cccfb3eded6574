import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createAuthorities, issueCertificate } from '../../pki/index.js'
import { failure, json, startFakeApiServer, type FakeApiServer } from '../fake-api-server.js'
import { openKube } from '../open-kube.js'
import { execText } from '../../streams/index.js'

const { signal } = new AbortController()
const v1 = 'client.authentication.k8s.io/v1'
let folder: string
let tls: { cert: string; key: string }
let ca: string
let server: FakeApiServer

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'knest-credentials-'))
  const authority = (await createAuthorities()).ca
  ca = authority.cert
  tls = await issueCertificate(authority, { commonName: 'api', dnsNames: ['localhost'], usages: ['server'] })
})

beforeEach(async () => {
  server = await startFakeApiServer(tls)
  server.on('GET /version', json({}))
  server.acceptSockets({
    protocols: ['v5.channel.k8s.io'],
    onSocket: (socket) => {
      socket.send(Buffer.from('\u0003{"status":"Success"}'))
    },
  })
})

afterEach(() => server.close())

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function kubeconfig(user: object, cluster: object = {}): string {
  const data = Buffer.from(ca).toString('base64')
  const at = { server: `https://localhost:${server.port}`, 'certificate-authority-data': data }
  return JSON.stringify({
    'current-context': 'a',
    clusters: [{ name: 'a', cluster: { ...at, ...cluster } }],
    users: [{ name: 'a', user }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  })
}

async function headersFor(user: object) {
  const kube = await openKube({ kubeconfigText: kubeconfig(user) })
  await kube.raw('/version', signal)
  kube.close()
  return server.requests.at(-1)?.headers ?? {}
}

it('sends a token by TLS, with requests and with commands, and whom to be', async () => {
  const user = { token: 'abc', as: 'jane', 'as-groups': ['dev', 'ops'], 'as-user-extra': { 'a/b': ['c'] } }
  const kube = await openKube({ kubeconfigText: kubeconfig(user) })
  await kube.raw('/version', signal)
  await execText(kube, { namespace: 'n', name: 'a' }, ['true'], { timeoutMs: 5000, signal })
  kube.close()
  expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'UPGRADE'])
  for (const { headers } of server.requests) {
    expect(headers).toMatchObject({
      authorization: 'Bearer abc',
      'impersonate-user': 'jane',
      'impersonate-group': 'dev, ops',
      'impersonate-extra-a%2fb': 'c',
    })
  }
})

it('sends names beyond ASCII as UTF-8, also with a body', async () => {
  const kube = await openKube({ kubeconfigText: kubeconfig({ token: 'abc', as: 'jörg' }) })
  server.on('POST /things', json({}))
  await kube.raw('/version', signal)
  await kube.raw('/things', signal, { method: 'POST', body: { name: 'größe' } })
  kube.close()
  const sent = server.requests.map(({ headers }) =>
    Buffer.from(String(headers['impersonate-user']), 'latin1').toString(),
  )
  expect(sent).toEqual(['jörg', 'jörg'])
  expect(server.requests[1]?.body).toBe('{"name":"größe"}')
})

it('sends a user name with its password, and the token of a file before the one beside it', async () => {
  expect((await headersFor({ username: 'me', password: 'p:w' })).authorization).toBe(
    `Basic ${Buffer.from('me:p:w').toString('base64')}`,
  )
  const tokenFile = path.join(folder, 'token')
  writeFileSync(tokenFile, 'from-file\n')
  expect((await headersFor({ token: 'beside', tokenFile })).authorization).toBe('Bearer from-file')
})

/** A plugin that counts how often it runs; each time with another token. */
function countingPlugin(name: string): { readonly exec: object; readonly runs: () => number } {
  const command = path.join(folder, name)
  const answer = JSON.stringify({ kind: 'ExecCredential', apiVersion: v1, status: { token: 'tN' } })
  const script = `#!/bin/sh\necho run >>"$0.runs"\nn=$(wc -l <"$0.runs")\necho '${answer}' | sed "s/tN/t$((n))/"\n`
  writeFileSync(command, script)
  chmodSync(command, 0o755)
  return {
    exec: { command, apiVersion: v1, interactiveMode: 'Never' },
    runs: () => readFileSync(`${command}.runs`, 'utf8').trim().split('\n').length,
  }
}

it('runs a login plugin once for many requests of several clients', async () => {
  const { exec, runs } = countingPlugin('once')
  const kubes = await Promise.all([1, 2, 3].map(() => openKube({ kubeconfigText: kubeconfig({ exec }) })))
  await Promise.all(kubes.flatMap((kube) => [1, 2, 3].map(() => kube.raw('/version', signal))))
  for (const kube of kubes) kube.close()
  expect(runs()).toBe(1)
  expect(server.requests.every(({ headers }) => headers.authorization === 'Bearer t1')).toBe(true)
})

it('logs in again, once, when the server refuses the token, and repeats the request', async () => {
  const { exec, runs } = countingPlugin('refused')
  const refuseFirst: Parameters<FakeApiServer['on']>[1] = (request, response) => {
    const first = request.headers.authorization === 'Bearer t1'
    ;(first ? failure(401, 'Unauthorized', 'no') : json({ body: request.body }))(request, response)
  }
  server.on('POST /things', refuseFirst)
  const kube = await openKube({ kubeconfigText: kubeconfig({ exec }) })
  const answer = await kube.raw('/things', signal, { method: 'POST', body: { a: 1 } })
  expect([answer.status, answer.body, runs()]).toEqual([200, '{"body":"{\\"a\\":1}"}', 2])
  server.on('GET /version', failure(401, 'Unauthorized', 'no'))
  expect((await kube.raw('/version', signal)).status).toBe(401)
  expect(runs()).toBe(3)
  kube.close()
})

it('refuses certificates that do not fit before it connects', async () => {
  const { cert } = tls
  const other = (await createAuthorities()).ca
  const data = (text: string) => Buffer.from(text).toString('base64')
  const fails = async (user: object, cluster?: object) => {
    const kube = await openKube({ kubeconfigText: kubeconfig(user, cluster) })
    const error: unknown = await kube.raw('/version', signal).catch((thrown: unknown) => thrown)
    kube.close()
    return error
  }
  const pair = { 'client-certificate-data': data(cert), 'client-key-data': data(other.key) }
  expect(await fails(pair)).toMatchObject({
    code: 'config',
    message: /certificates and keys of context "a" cannot be used/ as never,
  })
  const both = { 'insecure-skip-tls-verify': true }
  expect(await fails({ token: 'a' }, both)).toMatchObject({
    code: 'config',
    message: /and insecure-skip-tls-verify/ as never,
  })
  const none = { 'certificate-authority-data': data('nothing') }
  expect(await fails({ token: 'a' }, none)).toMatchObject({
    code: 'config',
    message: /holds no certificate/ as never,
  })
  expect(server.requests).toEqual([])
})

it('takes tls-server-name for the name in the certificate', async () => {
  const named = (name: string) =>
    openKube({
      kubeconfigText: kubeconfig(
        { token: 'a' },
        { server: `https://127.0.0.1:${server.port}`, 'tls-server-name': name },
      ),
    })
  const right = await named('localhost')
  expect((await right.raw('/version', signal)).status).toBe(200)
  const wrong = await named('10.0.0.1')
  await expect(wrong.raw('/version', signal)).rejects.toMatchObject({ message: /for other names/ as never })
  right.close()
  wrong.close()
})

it('trusts no certificate because Node is told to', async () => {
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  const unknown = await openKube({
    kubeconfigText: kubeconfig({ token: 'a' }, { 'certificate-authority-data': null }),
  })
  try {
    await expect(unknown.raw('/version', signal)).rejects.toMatchObject({ code: 'host-unreachable' })
    expect(server.requests).toEqual([])
  } finally {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    unknown.close()
  }
})
