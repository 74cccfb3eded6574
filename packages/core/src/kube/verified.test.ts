import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import {
  failure,
  fakeKubeconfig,
  json,
  startFakeApiServer,
  type FakeApiServer,
  type Handler,
} from './fake-api-server.js'
import { openKube } from './open-kube.js'

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
