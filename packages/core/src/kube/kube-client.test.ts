import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KubeApi } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import {
  failure,
  fakeKubeconfig,
  json,
  startFakeApiServer,
  type FakeApiServer,
  type Handler,
  type SeenRequest,
} from './fake-api-server.js'
import { openKube } from './open-kube.js'

const pod = { apiVersion: 'v1', kind: 'Pod' }
const { signal } = new AbortController()
let server: FakeApiServer
let kube: KubeApi

beforeEach(async () => {
  server = await startFakeApiServer()
  kube = await openKube({ kubeconfigText: server.kubeconfig })
})

afterEach(async () => {
  kube.close()
  await server.close()
})

const only = (): SeenRequest => {
  const [request, ...more] = server.requests
  expect(more).toEqual([])
  if (request === undefined) throw new Error('nothing was asked')
  return request
}

describe('requests', () => {
  it('applies with server-side apply, forced, as knest, without the token, since it is plain HTTP', async () => {
    const set = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'a', namespace: 'n', managedFields: [] },
    }
    server.on(
      'PATCH /apis/apps/v1/namespaces/n/statefulsets/a',
      json({ ...set, metadata: { name: 'a', uid: 'u' } }),
    )
    const stored = await kube.apply(set, { signal })
    expect(stored.metadata.uid).toBe('u')
    expect(only().query.toString()).toBe('fieldManager=knest&force=true')
    expect(only().headers['content-type']).toBe('application/apply-patch+yaml')
    // As kubectl: over plain HTTP everybody could read it.
    expect(only().headers.authorization).toBeUndefined()
    expect(JSON.parse(only().body)).toEqual({ ...set, metadata: { name: 'a', namespace: 'n' } })
  })

  it('puts objects without a namespace where the context says, and cluster-wide kinds nowhere', async () => {
    server.on('POST /api/v1/namespaces/team/pods', json({ ...pod, metadata: { name: 'p' } }))
    server.on(
      'POST /api/v1/namespaces',
      json({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } }),
    )
    await kube.create({ ...pod, metadata: { name: 'p' } }, { signal, dryRun: true })
    await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } }, { signal })
    expect(server.requests[0]?.query.get('dryRun')).toBe('All')
    expect(server.requests[1]?.query.has('dryRun')).toBe(false)
  })

  it('replaces with PUT and merges subresources with a merge patch', async () => {
    const cluster = {
      apiVersion: 'knest.dev/v1alpha1',
      kind: 'NestedCluster',
      metadata: { name: 'c', namespace: 'n' },
    }
    const path = '/apis/knest.dev/v1alpha1/namespaces/n/nestedclusters/c'
    server.on(`PUT ${path}`, json(cluster))
    server.on(`PATCH ${path}/status`, json(cluster))
    await kube.replace(cluster, { signal, strict: true })
    expect(only().query.toString()).toBe('fieldManager=knest&fieldValidation=Strict')
    await kube.patch(cluster, 'c', 'n', { status: { phase: 'Ready' } }, { signal, subresource: 'status' })
    expect(server.requests[1]?.headers['content-type']).toBe('application/merge-patch+json')
    expect(server.requests[1]?.body).toBe('{"status":{"phase":"Ready"}}')
  })

  it('lists with selectors, in one namespace or all, and names the kind of each item', async () => {
    server.on('GET /api/v1/pods', json({ kind: 'PodList', items: [{ metadata: { name: 'a' } }] }))
    server.on('GET /api/v1/namespaces/n/pods', json({ kind: 'PodList', items: null }))
    const items = await kube.list(pod, { labelSelector: 'a=b,c', fieldSelector: 'spec.nodeName=x', signal })
    expect(items).toEqual([{ ...pod, metadata: { name: 'a' } }])
    expect(only().query.get('labelSelector')).toBe('a=b,c')
    expect(only().query.get('fieldSelector')).toBe('spec.nodeName=x')
    expect(await kube.list(pod, { namespace: 'n', signal })).toEqual([])
  })

  it('gives undefined and false for what is absent', async () => {
    server.on('GET /api/v1/namespaces/n/pods/a', failure(404, 'NotFound', 'pods "a" not found'))
    server.on('DELETE /api/v1/namespaces/n/pods/a', failure(404, 'NotFound', 'pods "a" not found'))
    expect(await kube.get(pod, 'a', 'n', signal)).toBeUndefined()
    expect(await kube.delete(pod, 'a', 'n', { signal })).toBe(false)
  })

  it('deletes with options in the body', async () => {
    server.on('DELETE /api/v1/namespaces/n/pods/a', json({ kind: 'Status', status: 'Success' }))
    const preconditions = { uid: 'u' }
    const options = { signal, gracePeriodSeconds: 0, propagationPolicy: 'Foreground' as const, preconditions }
    expect(await kube.delete(pod, 'a', 'n', options)).toBe(true)
    expect(JSON.parse(only().body)).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Foreground',
      preconditions,
    })
  })

  it('finds other kinds by discovery, once', async () => {
    const kind = { apiVersion: 'example.org/v1', kind: 'Widget' }
    const resources = [
      { name: 'widgets/status', kind: 'Widget', namespaced: true },
      { name: 'widgets', kind: 'Widget', namespaced: false },
    ]
    server.on('GET /apis/example.org/v1', json({ resources }))
    server.on('GET /apis/example.org/v1/widgets/w', json({ ...kind, metadata: { name: 'w' } }))
    await kube.get(kind, 'w', undefined, signal)
    await kube.get(kind, 'w', undefined, signal)
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/apis/example.org/v1',
      '/apis/example.org/v1/widgets/w',
      '/apis/example.org/v1/widgets/w',
    ])
  })

  it('says which kind the server does not have', async () => {
    const message = 'context "fake" has no kind "Widget" of example.org/v1'
    const unknown = { apiVersion: 'example.org/v1', kind: 'Widget' }
    await expect(kube.list(unknown, { signal })).rejects.toMatchObject({ code: 'not-found', message })
    expect(await kube.get(unknown, 'w', undefined, signal)).toBeUndefined()
    const known = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' }
    await expect(kube.list(known, { signal })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('answers raw requests whatever the status, and access reviews', async () => {
    server.on('GET /readyz', (_request, response) => response.writeHead(500).end('not yet'))
    const reviews = 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
    server.on(reviews, json({ status: { allowed: true } }, 201))
    const { date = 0, ...answer } = await kube.raw('/readyz', signal)
    expect(answer).toEqual({ status: 500, body: 'not yet' })
    expect(Math.abs(Date.now() - date)).toBeLessThan(60_000)
    expect(
      await kube.canI({ verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'n' }, signal),
    ).toBe(true)
  })

  it('serves many requests under one signal', async () => {
    server.on('GET /livez', (_request, response) => response.end('ok'))
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    await Promise.all(Array.from({ length: 40 }, () => kube.raw('/livez', signal)))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })
})

describe('failures', () => {
  const forbidden = 'pods is forbidden: User "jane" cannot list resource "pods" in API group ""'
  it.each([
    [401, 'Unauthorized', 'Unauthorized', 'not-permitted', /does not accept these credentials/],
    [403, 'Forbidden', forbidden, 'not-permitted', /User "jane" cannot list resource "pods"/],
    [409, 'AlreadyExists', 'pods "a" already exists', 'already-exists', /pods "a" already exists/],
    [409, 'Conflict', 'the object has been modified', 'conflict', /has been modified/],
    [400, 'BadRequest', 'bad field', 'config', /bad field/],
    [422, 'Invalid', 'Service "a" is invalid: spec.ports: Required value', 'config', /spec.ports: Required/],
    [504, 'Timeout', 'etcd is slow', 'timeout', /etcd is slow/],
    [500, 'InternalError', 'boom', 'host-unreachable', /answered 500: boom/],
    [
      500,
      'InternalError',
      'failed calling webhook "a.b"',
      'host-unreachable',
      /failed calling webhook "a.b"/,
    ],
    [500, '', 'etcdserver: mvcc: database space exceeded', 'prerequisite', /its etcd is full/],
  ])('translates %i %s', async (code, reason, text, expected, message) => {
    server.on('GET /api/v1/pods', failure(code, reason, text))
    const error: unknown = await kube.list(pod, { signal }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(KnestError)
    expect(error).toMatchObject({ code: expected, message: expect.stringMatching(message) as string })
    expect((error as Error).message).toMatch(/^context "fake"/)
  })

  it.each([
    ['', 'ask for this right, or choose another context with --context'],
    [
      ' in the namespace "n"',
      'ask for this right, or choose another namespace with -n, or another context with --context',
    ],
  ])('offers another namespace where the right is one of it: %s', async (where, hint) => {
    server.on('GET /api/v1/pods', failure(403, 'Forbidden', forbidden + where))
    await expect(kube.list(pod, { signal })).rejects.toMatchObject({ code: 'not-permitted', hint })
  })

  it('tells a namespace that is going away from a missing right', async () => {
    const details = {
      causes: [{ reason: 'NamespaceTerminating', message: 'namespace n is being terminated' }],
    }
    server.on(
      'POST /api/v1/namespaces/n/pods',
      failure(403, 'Forbidden', 'unable to create new content', details),
    )
    const creating = kube.create({ ...pod, metadata: { name: 'a', namespace: 'n' } }, { signal })
    await expect(creating).rejects.toMatchObject({ code: 'conflict' })
  })

  it('names server and cause when nobody listens, and no secret', async () => {
    const away = await openKube({ kubeconfigText: fakeKubeconfig('http://user:pass@127.0.0.1:1') })
    const error = (await away.list(pod, { signal }).catch((thrown: unknown) => thrown)) as KnestError
    expect(error.code).toBe('host-unreachable')
    expect(error.message).toBe('context "fake" cannot be reached at http://127.0.0.1:1: connection refused')
    expect(`${error.message} ${String(error.hint)} ${String(error.cause)}`).not.toMatch(/secret-token|pass/)
  })

  it('asks again when the server says it was too busy, three times at most', async () => {
    server.on('PATCH /api/v1/namespaces/team/pods/a', failure(429, 'TooManyRequests', 'slow down'))
    const busy = json({ kind: 'Status', status: 'Failure', code: 503 }, 503, { 'retry-after': '0' })
    server.on('GET /api/v1/pods', (request, response) => {
      if (server.requests.length < 3) busy(request, response)
      else json({ items: [] })(request, response)
    })
    expect(await kube.list(pod, { signal })).toEqual([])
    expect(server.requests).toHaveLength(3)
    await expect(kube.patch(pod, 'a', undefined, {}, { signal })).rejects.toMatchObject({
      code: 'host-unreachable',
    })
    expect(server.requests).toHaveLength(6)
  })

  it('repeats only reads after a lost connection', async () => {
    server.on('GET /api/v1/pods', (request, response) => {
      if (server.requests.length < 2) response.destroy()
      else json({ items: [] })(request, response)
    })
    server.on('POST /api/v1/namespaces/team/pods', (_request, response) => response.destroy())
    expect(await kube.list(pod, { signal })).toEqual([])
    expect(server.requests).toHaveLength(2)
    const creating = kube.create({ ...pod, metadata: { name: 'a' } }, { signal })
    await expect(creating).rejects.toMatchObject({ code: 'host-unreachable' })
    expect(server.requests).toHaveLength(3)
  })

  it('ends at once on abort, with the reason when it is one of ours', async () => {
    server.on('GET /api/v1/pods', () => undefined)
    const controller = new AbortController()
    const listing = kube.list(pod, { signal: controller.signal })
    setTimeout(() => {
      controller.abort()
    }, 20)
    await expect(listing).rejects.toMatchObject({ code: 'cancelled' })
    const own = AbortSignal.abort(new KnestError('timeout', 'the whole command took too long'))
    await expect(kube.list(pod, { signal: own })).rejects.toMatchObject({
      code: 'timeout',
      message: /whole command/,
    })
  })

  it.each<[string, (end: () => void) => Handler, RegExp]>([
    [
      'that the server does not answer',
      (end) => () => void setTimeout(end, 1_100),
      /^context "fake" did not answer GET \/api\/v1\/pods within \d/,
    ],
    [
      'that it cuts connections',
      (end) => (_request, response) => {
        if (server.requests.length < 2) response.destroy()
        else end()
      },
      /^context "fake" cannot be reached at .*: the connection was closed$/,
    ],
  ])('says at the end of the time of its caller %s', async (_, handlerOf, message) => {
    const controller = new AbortController()
    const over = new KnestError('timeout', 'the whole command took too long', { hint: 'take more' })
    server.on(
      'GET /api/v1/pods',
      handlerOf(() => controller.abort(over)),
    )
    const listing = kube.list(pod, { signal: controller.signal })
    await expect(listing).rejects.toMatchObject({ code: 'timeout', message, hint: 'take more', cause: over })
  })

  it('does not take other programs for an API server', async () => {
    server.on('GET /api/v1/pods', (_request, response) => response.end('<html>hello</html>'))
    await expect(kube.list(pod, { signal })).rejects.toMatchObject({ code: 'host-unreachable' })
  })
})
