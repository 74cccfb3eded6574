import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { failure, json, startFakeApiServer, type FakeApiServer, type Handler } from './fake-api-server.js'
import { goingOn } from './going-on.js'
import { openKube } from './open-kube.js'

const kind = { apiVersion: 'v1', kind: 'ConfigMap' }
const path = '/api/v1/namespaces/n/configmaps/a'
const object: KubeObject = { ...kind, metadata: { name: 'a', namespace: 'n' } }
const { signal } = new AbortController()
let server: FakeApiServer
let api: KubeApi

beforeEach(async () => {
  server = await startFakeApiServer()
  api = await openKube({ kubeconfigText: server.kubeconfig })
})
afterEach(async () => {
  api.close()
  await server.close()
})

/** How often the first requests fail, and how. */
function failing(request: string, times: number, how: Handler): { asked: number } {
  const count = { asked: 0 }
  server.on(request, (seen, response) => {
    if (++count.asked <= times) how(seen, response)
    else json(object)(seen, response)
  })
  return count
}

/** The connection goes before there is an answer, as from an API server that ends. */
const cut: Handler = (_, response) => void response.socket?.destroy()
/** More than one request makes by itself. */
const often = 4

describe('an API that goes on over what may pass', () => {
  it.each<[string, Handler]>([
    ['a connection that is cut', cut],
    ['500', failure(500, 'InternalError', 'failed calling webhook')],
    ['502', failure(502, 'InternalError', 'bad gateway')],
    ['503', failure(503, 'InternalError', 'not ready')],
  ])('asks again after %s', async (_, how) => {
    const troubles: string[] = []
    const apply = failing(`PATCH ${path}`, often, how)
    const patient = goingOn(api, { onTrouble: ({ message }) => void troubles.push(message) })
    expect(await patient.apply(object, { signal })).toMatchObject({ metadata: { name: 'a' } })
    expect(apply.asked).toBe(often + 1)
    expect(troubles).toHaveLength(1)
  })

  it.each<[string, (patient: KubeApi) => Promise<unknown>, string]>([
    ['get', (patient) => patient.get(kind, 'a', 'n', signal), `GET ${path}`],
    ['patch', (patient) => patient.patch(kind, 'a', 'n', {}, { signal }), `PATCH ${path}`],
    ['replace', (patient) => patient.replace(object, { signal }), `PUT ${path}`],
    ['delete', (patient) => patient.delete(kind, 'a', 'n', { signal }), `DELETE ${path}`],
  ])('does so for %s', async (_, ask, request) => {
    failing(request, often, failure(500, 'InternalError', 'no'))
    await expect(ask(goingOn(api))).resolves.toBeDefined()
  })

  it.each([400, 403, 409, 422])('throws at once what stays: %i', async (code) => {
    const apply = failing(`PATCH ${path}`, 99, failure(code, 'InternalError', 'no'))
    await expect(goingOn(api).apply(object, { signal })).rejects.toThrow()
    expect(apply.asked).toBe(1)
  })

  it('creates only once: the first one may have come through', async () => {
    const create = failing('POST /api/v1/namespaces/n/configmaps', 99, failure(500, 'InternalError', 'no'))
    await expect(goingOn(api).create(object, { signal })).rejects.toThrow()
    expect(create.asked).toBe(1)
  })

  it('gives up when its limit is over', async () => {
    failing(`PATCH ${path}`, 99, failure(500, 'InternalError', 'webhook is down'))
    await expect(goingOn(api, { limitMs: 0 }).apply(object, { signal })).rejects.toThrow('webhook is down')
  })

  const over = (): KnestError => new KnestError('timeout', 'the time limit is over', { hint: 'again' })

  it('says the innermost reason when the time of the command is over', async () => {
    const stop = new AbortController()
    failing(`PATCH ${path}`, 99, failure(500, 'InternalError', 'webhook is down'))
    // It has failed at least once when it ends.
    const patient = goingOn(api, { onTrouble: () => stop.abort(over()) })
    await expect(patient.apply(object, { signal: stop.signal })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('webhook is down') as string,
      hint: 'again',
    })
  })

  it('says nothing but that to who has cancelled it', async () => {
    const stop = new AbortController()
    failing(`PATCH ${path}`, 99, failure(500, 'InternalError', 'webhook is down'))
    const cancelled = new KnestError('cancelled', 'cancelled')
    const patient = goingOn(api, { onTrouble: () => stop.abort(cancelled) })
    await expect(patient.apply(object, { signal: stop.signal })).rejects.toBe(cancelled)
  })
})

describe('a wait', () => {
  const list = 'GET /api/v1/namespaces/n/configmaps'
  const waitFor = (patient: KubeApi, timeoutMs: number, under = signal): Promise<unknown> =>
    patient.waitFor(kind, { namespace: 'n' }, (found) => found.length > 0, {
      ...{ timeoutMs, signal: under, awaited: 'ConfigMap "a"' },
      describe: () => 'ImagePullBackOff',
    })

  it('begins again when the API is not there yet', async () => {
    let asked = 0
    server.on(list, (seen, response) => {
      if (++asked <= often) cut(seen, response)
      else json({ metadata: { resourceVersion: '1' }, items: [object] })(seen, response)
    })
    await expect(waitFor(goingOn(api), 60_000)).resolves.toHaveLength(1)
  })

  it('ends after its own time all the same', async () => {
    server.on(list, failure(500, 'InternalError', 'no'))
    await expect(waitFor(goingOn(api), 1)).rejects.toThrow()
  })

  it('tells what it saw when the time of the command is over', async () => {
    const stop = new AbortController()
    server.on(list, (seen, response) => {
      if (!seen.query.has('watch')) {
        json({ metadata: { resourceVersion: '1' }, items: [] })(seen, response)
        return
      }
      response.writeHead(200)
      response.flushHeaders()
      stop.abort(new KnestError('timeout', 'the time limit is over'))
    })
    await expect(waitFor(api, 60_000, stop.signal)).rejects.toMatchObject({
      code: 'timeout',
      message: 'ConfigMap "a": ImagePullBackOff',
    })
  })
})
