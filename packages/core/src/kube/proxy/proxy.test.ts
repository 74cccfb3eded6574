import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createAuthorities, issueCertificate } from '../../pki/index.js'
import { json, startFakeApiServer, type FakeApiServer } from '../fake-api-server.js'
import { openKube } from '../open-kube.js'
import { execText } from '../../streams/index.js'
import { startHttpProxy, startSocksProxy, type FakeProxy } from './fake-proxies.js'

const { signal } = new AbortController()
let tls: { cert: string; key: string }
let ca: string
const toClose: { close(): unknown }[] = []

beforeAll(async () => {
  const authority = (await createAuthorities()).ca
  ca = authority.cert
  tls = await issueCertificate(authority, {
    commonName: 'api',
    dnsNames: ['api.test', 'proxy.test', 'localhost'],
    ipAddresses: ['127.0.0.1'],
    usages: ['server'],
  })
})

afterEach(async () => {
  for (const each of toClose.splice(0)) await each.close()
})

function keep<T extends { close(): unknown }>(each: T): T {
  toClose.push(each)
  return each
}

async function startServer(secure: boolean): Promise<FakeApiServer> {
  const server = keep(await startFakeApiServer(secure ? tls : undefined))
  server.on('GET /version', json({ gitVersion: 'v1' }))
  server.on('GET /api/v1/nodes', json({ items: [] }))
  server.acceptSockets({
    protocols: ['v5.channel.k8s.io'],
    onSocket: (socket) => {
      socket.send(Buffer.from('\u0003{"status":"Success"}'))
    },
  })
  return server
}

function kubeconfig(server: string, proxyUrl?: string): string {
  const data = Buffer.from(ca).toString('base64')
  return JSON.stringify({
    'current-context': 'a',
    clusters: [{ name: 'a', cluster: { server, 'certificate-authority-data': data, 'proxy-url': proxyUrl } }],
    users: [{ name: 'a', user: { token: 'abc' } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  })
}

const open = async (server: string, proxyUrl?: string) =>
  keep(await openKube({ kubeconfigText: kubeconfig(server, proxyUrl) }))

describe('an API that is reached by a proxy alone', () => {
  it.each<[string, (to: number) => Promise<{ readonly proxy: FakeProxy; readonly url: string }>]>([
    ['http', async (to) => withUrl(await startHttpProxy({ to }), 'http')],
    [
      'http with credentials',
      async (to) => withUrl(await startHttpProxy({ to, credentials: 'me:p@ss' }), 'http', 'me:p%40ss@'),
    ],
    ['https', async (to) => withUrl(await startHttpProxy({ to, tls }), 'https')],
    ['socks5', async (to) => withUrl(await startSocksProxy({ to }), 'socks5')],
    [
      'socks5 with credentials',
      async (to) => withUrl(await startSocksProxy({ to, credentials: 'me:p@ss' }), 'socks5', 'me:p%40ss@'),
    ],
  ])(
    'answers by %s: requests on one connection, a command, the token for the server alone',
    async (_scheme, start) => {
      const server = await startServer(true)
      const { proxy, url } = await start(server.port)
      const kube = await open('https://api.test:6443', url)
      for (let count = 0; count < 3; count++) {
        expect((await kube.raw('/version', signal)).status).toBe(200)
        expect(await kube.list({ apiVersion: 'v1', kind: 'Node' }, { signal })).toEqual([])
      }
      expect(proxy.asked).toEqual(['CONNECT api.test:6443'])
      const result = await execText(kube, { namespace: 'n', name: 'a' }, ['true'], {
        timeoutMs: 5000,
        signal,
      })
      expect(result.exitCode).toBe(0)
      expect(proxy.asked).toEqual(['CONNECT api.test:6443', 'CONNECT api.test:6443'])
      expect(new Set(server.requests.map(({ headers }) => headers.authorization))).toEqual(
        new Set(['Bearer abc']),
      )
      expect(server.requests.every(({ headers }) => headers['proxy-authorization'] === undefined)).toBe(true)
    },
  )

  it('answers over plain HTTP by a proxy that passes requests on, and commands by a tunnel', async () => {
    const server = await startServer(false)
    const proxy = keep(await startHttpProxy({ to: server.port }))
    const kube = await open('http://api.test:8001/prefix', `http://127.0.0.1:${proxy.port}`)
    server.on('GET /prefix/version', json({}))
    expect((await kube.raw('/version', signal)).status).toBe(200)
    expect(proxy.asked).toEqual(['GET http://api.test:8001/prefix/version'])
    await execText(kube, { namespace: 'n', name: 'a' }, ['true'], { timeoutMs: 5000, signal })
    expect(proxy.asked[1]).toBe('CONNECT api.test:8001')
  })
})

function withUrl(proxy: FakeProxy, scheme: string, credentials = '') {
  return { proxy: keep(proxy), url: `${scheme}://${credentials}127.0.0.1:${proxy.port}` }
}

describe('a proxy that cannot be used is named, without its password', () => {
  const fails = async (url: string): Promise<unknown> => {
    const kube = await open('https://api.test:6443', url)
    return kube.raw('/version', signal).catch((thrown: unknown) => thrown)
  }

  it.each(['http', 'https', 'socks5'])('when nobody listens: %s', async (scheme) => {
    const error = await fails(`${scheme}://me:secret@127.0.0.1:1`)
    expect(error).toMatchObject({
      code: 'host-unreachable',
      message: `proxy ${scheme}://127.0.0.1:1 (from proxy-url) cannot be used: connection refused`,
    })
    expect(String((error as { hint?: string }).hint)).toContain('proxy-url')
  })

  it.each([
    [
      'its own refusal',
      { refuse: '403 Forbidden' },
      'not-permitted',
      'does not connect to api.test:6443: 403 Forbidden',
    ],
    ['a server it does not reach', { refuse: '502 Bad Gateway' }, 'host-unreachable', '502 Bad Gateway'],
    ['other credentials', { credentials: 'a:b' }, 'not-permitted', 'asks for other credentials (407'],
  ])('when it answers with %s', async (_what, options, code, said) => {
    const proxy = keep(await startHttpProxy({ to: 1, ...options }))
    const error = await fails(`http://me:secret@127.0.0.1:${proxy.port}`)
    expect(error).toMatchObject({ code })
    expect(String(error)).toContain(said)
    expect(String(error)).not.toContain('secret')
  })

  it('when SOCKS5 wants other credentials', async () => {
    const proxy = keep(await startSocksProxy({ to: 1, credentials: 'a:b' }))
    const error = await fails(`socks5://me:secret@127.0.0.1:${proxy.port}`)
    expect(String(error)).toContain(`proxy socks5://127.0.0.1:${proxy.port} (from proxy-url) cannot be used`)
  })
})
