import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import {
  failure,
  fakeKubeconfig,
  json,
  startFakeApiServer,
  type FakeApiServer,
  type Handler,
} from './fake-api-server.js'
import { goingOn } from './going-on.js'
import { openKube } from './open-kube.js'
import { isTemporary } from './temporary.js'

const { signal } = new AbortController()
const html = '<!DOCTYPE html><html><body>Welcome to the hotel</body></html>'
const text =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Handler =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
  }

const secret = { apiVersion: 'v1', kind: 'Secret' }
const cluster = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
const unknown = { apiVersion: 'example.test/v1', kind: 'Thing' }
const named = (kind: typeof secret): KubeObject => ({ ...kind, metadata: { name: 'a', namespace: 'team' } })

/** What stands where an API is looked for, and answers everything. */
const strangers: readonly (readonly [string, Handler])[] = [
  ['a plain 404', text(404, '404 page not found\n')],
  ['a 404 page', text(404, html)],
  ['a 404 in JSON of its own', json({ error: 'not found' }, 404)],
  ['a login page', text(200, html)],
  ['nothing', text(200, '')],
  ['JSON that is no object', json([])],
  ['JSON of something else', json({ ok: true })],
  ['null', json(null)],
  ['JSON of some kind', json({ kind: 'Page' })],
  ['a status of its own', json({ kind: 'Status', metadata: {}, status: 'Success' })],
  ['a redirect to a login page', text(302, '', { location: 'http://portal.test/login' })],
  ['an ingress without a backend', text(503, html)],
  ['a gateway', text(502, html)],
]

const reads: readonly (readonly [string, (api: KubeApi) => Promise<unknown>])[] = [
  ['get', (api) => api.get(secret, 'a', 'team', signal)],
  ['get of a cluster', (api) => api.get(cluster, 'a', 'team', signal)],
  ['list of clusters', (api) => api.list(cluster, { signal })],
  ['list', (api) => api.list(secret, { namespace: 'team', signal })],
  ['question for a right', (api) => api.canI({ verb: 'get', resource: 'secrets' }, signal)],
]
const writes: readonly (readonly [string, (api: KubeApi) => Promise<unknown>])[] = [
  ['delete', (api) => api.delete(cluster, 'a', 'team', { signal })],
  ['create', (api) => api.create(named(cluster), { signal })],
  ['apply', (api) => api.apply(named(secret), { signal })],
  ['patch', (api) => api.patch(cluster, 'a', 'team', {}, { signal })],
]

let server: FakeApiServer
let api: KubeApi
beforeEach(async () => {
  server = await startFakeApiServer()
  api = await openKube({ kubeconfigText: fakeKubeconfig(`http://127.0.0.1:${server.port}`) })
})
afterEach(async () => {
  api.close()
  await server.close()
})

describe('a server that is no Kubernetes API', () => {
  test.each(strangers)('%s: says nothing of what is there', async (_, handler) => {
    server.onEverything(handler)
    for (const [what, read] of reads)
      await expect(read(api), what).rejects.toMatchObject({ code: 'host-unreachable' })
  })

  test.each(strangers.slice(0, 3))('%s: nor of what is gone or was made', async (_, handler) => {
    server.onEverything(handler)
    for (const [what, write] of writes)
      await expect(write(api), what).rejects.toMatchObject({
        code: 'host-unreachable',
        message: expect.stringMatching(
          /^context "fake": http:\/\/127\.0\.0\.1:\d+ answers, and is no Kubernetes API$/,
        ) as string,
      })
    await expect(api.get(unknown, 'a', 'team', signal)).rejects.toMatchObject({ code: 'host-unreachable' })
  })
})

describe('a Kubernetes API without what is asked for', () => {
  test('in text, as it says of groups that it does not have', async () => {
    expect(await api.get(cluster, 'a', 'team', signal)).toBeUndefined()
    expect(await api.delete(cluster, 'a', 'team', { signal })).toBe(false)
    await expect(api.list(cluster, { signal })).rejects.toMatchObject({ code: 'not-found' })
    await expect(api.get(unknown, 'a', 'team', signal)).resolves.toBeUndefined()
  })

  test('in its own form: nobody asks who it is', async () => {
    const path = '/apis/knest.dev/v1alpha1/namespaces/team/nestedclusters/a'
    server.on(`GET ${path}`, failure(404, 'NotFound', 'nestedclusters "a" not found'))
    server.on('GET /version', text(500, 'asked'))
    expect(await api.get(cluster, 'a', 'team', signal)).toBeUndefined()
    expect(server.requests.map((request) => request.path)).toEqual([path])
  })

  test.each([
    ['that does not tell its version', failure(403, 'Forbidden', 'no')],
    ['that tells its version', json({ major: '1', gitVersion: 'v1.30.1+k3s1' })],
  ])('%s', async (_, version) => {
    server.on('GET /version', version)
    expect(await api.get(cluster, 'a', 'team', signal)).toBeUndefined()
    expect(await api.get(cluster, 'b', 'team', signal)).toBeUndefined()
    expect(server.requests.filter((request) => request.path === '/version')).toHaveLength(1)
  })
})

/** Whose own groups are not there yet: nothing of what it says is there or gone. */
describe('an API server that is being started', () => {
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
  const collection = '/api/v1/namespaces/team/configmaps'
  const waiting = { timeoutMs: 5_000, signal, awaited: 'it', describe: () => '' }
  const asks: readonly (readonly [string, (api: KubeApi) => Promise<unknown>])[] = [
    ...reads,
    ...writes,
    ['get of a Lease', (api) => api.get(lease, 'a', 'team', signal)],
    ['get of a kind to be looked up', (api) => api.get(unknown, 'a', 'team', signal)],
    ['look at a collection', (api) => api.raw(collection, signal)],
    ['its deletion', (api) => api.raw(collection, signal, { method: 'DELETE' })],
    ['wait', (api) => api.waitFor(secret, { namespace: 'team' }, () => false, waiting)],
    ['stream', (api) => api.openStream('/api/v1/x', { protocol: 'p', subject: 'x' }, signal)],
  ]

  test.each(asks)('%s may be asked again', async (_, ask) => {
    server.on('GET /api/v1', text(404, '404 page not found\n'))
    server.acceptSockets({ protocols: [], onSocket: () => undefined })
    server.on('UPGRADE /api/v1/x', text(404, '404 page not found\n'))
    const error: unknown = await ask(api).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'host-unreachable',
      message: expect.stringMatching(
        / does not serve \/apis?\/.* now, as an API server that is being/,
      ) as string,
    })
    expect(isTemporary(error)).toBe(true)
  })

  test('is asked until it has started', async () => {
    const path = '/api/v1/namespaces/team/secrets/a'
    let asked = 0
    server.on(`GET ${path}`, (request, response) => {
      const answer = ++asked < 4 ? text(404, '404 page not found\n') : json(named(secret))
      answer(request, response)
    })
    expect(await goingOn(api).get(secret, 'a', 'team', signal)).toMatchObject({ metadata: { name: 'a' } })
    expect(asked).toBe(4)
  })

  test('in the middle of a watch is no kind that has gone', async () => {
    const path = '/api/v1/namespaces/team/secrets'
    let asked = 0
    server.on(`GET ${path}`, (request, response) => {
      asked++
      const items = asked < 4 ? [] : [named(secret)]
      const isAway = request.query.has('watch') || asked === 3
      const answer = isAway ? text(404, '404 page not found\n') : json({ metadata: {}, items })
      answer(request, response)
    })
    const found = await api.waitFor(secret, { namespace: 'team' }, ({ length }) => length > 0, waiting)
    expect(found).toHaveLength(1)
  })

  test.each([
    ['a kind that came later', { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR' }],
    ['a group of others', { apiVersion: 'kubevirt.io/v1', kind: 'KubeVirt' }],
  ])('has not %s when it serves its own', async (_, kind) => {
    await expect(api.list(kind, { signal })).rejects.toMatchObject({ code: 'not-found' })
  })
})

/** It forbids everything until it has loaded everybody's rights. */
describe('what an API server forbids', () => {
  const path = '/api/v1/namespaces/team/secrets/a'
  const forbidden = failure(
    403,
    'Forbidden',
    'secrets "a" is forbidden: User "u" cannot get resource "secrets"',
  )
  const starting = text(
    500,
    '[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\nreadyz check failed',
  )
  const count = (asked: string): number => server.requests.filter((request) => request.path === asked).length
  const asks: readonly (readonly [string, string, (api: KubeApi) => Promise<unknown>])[] = [
    ['get', `GET ${path}`, (api) => api.get(secret, 'a', 'team', signal)],
    ['apply', `PATCH ${path}`, (api) => api.apply(named(secret), { signal })],
    ['raw', `GET ${path}`, (api) => api.raw(path, signal)],
  ]

  test.each(asks)(
    'while it is being started is asked again when it is ready: %s',
    async (_, request, ask) => {
      let readiness = 0
      server.on('GET /readyz', (seen, response) =>
        (++readiness < 3 ? starting : text(200, 'ok'))(seen, response),
      )
      server.on(request, (seen, response) =>
        (readiness < 3 ? forbidden : json(named(secret)))(seen, response),
      )
      await expect(ask(api)).resolves.toBeDefined()
      expect([readiness, count(path)]).toEqual([3, 2])
    },
  )

  test.each([
    ['says that it is ready', text(200, 'ok')],
    ['does not tell', failure(403, 'Forbidden', 'forbidden: User "u" cannot get path "/readyz"')],
    ['has no such path', text(404, 'not found')],
    ['gives no answer to that', () => undefined],
  ] as const)('counts at once when it %s', async (_, readyz) => {
    server.on('GET /readyz', readyz)
    server.on(`GET ${path}`, forbidden)
    await expect(api.get(secret, 'a', 'team', signal)).rejects.toMatchObject({
      code: 'not-permitted',
      message: expect.stringContaining('User "u" cannot get resource') as string,
    })
    expect(count(path)).toBe(1)
  })

  test('counts when it stays forbidden', async () => {
    let readiness = 0
    server.on('GET /readyz', (seen, response) =>
      (++readiness === 1 ? starting : text(200, 'ok'))(seen, response),
    )
    server.on(`GET ${path}`, forbidden)
    await expect(api.get(secret, 'a', 'team', signal)).rejects.toMatchObject({ code: 'not-permitted' })
    expect(count(path)).toBe(2)
  })

  test('says nothing where it is never ready', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    server.on('GET /readyz', (seen, response) => {
      vi.advanceTimersByTime(11_000)
      starting(seen, response)
    })
    server.on(`GET ${path}`, forbidden)
    const error: unknown = await api.get(secret, 'a', 'team', signal).catch((thrown: unknown) => thrown)
    vi.useRealTimers()
    expect(error).toMatchObject({
      code: 'host-unreachable',
      message: expect.stringContaining("is being started, and knows nobody's rights yet") as string,
    })
    expect(isTemporary(error)).toBe(true)
  })
})
