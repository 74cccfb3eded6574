import type { Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openApiLink, type ApiLink } from './api-link.js'
import { json, startFakeApiServer, type FakeApiServer, type Handler } from './fake-api-server.js'
import { loadKubeconfig } from './kubeconfig/load.js'
import { openStream, send } from './rest.js'

const { signal } = new AbortController()
const probe = { everyMs: 15_000, quietMs: 60_000, stalledMs: 600_000 }
let server: FakeApiServer
let link: ApiLink

beforeEach(async () => {
  server = await startFakeApiServer()
  const chosen = await loadKubeconfig({ kubeconfigText: server.kubeconfig })
  link = openApiLink(chosen, 'context "fake"', undefined, { probe, keptQuietMs: 100 })
})

afterEach(async () => {
  link.close()
  await server.close()
})

/** Two kept connections, which answer no more once `die` was called; new ones do. */
async function keepTwo() {
  const seen = new Set<Socket | null>()
  let dead = new Set<Socket | null>()
  const answered: Handler = (request, response) => {
    seen.add(response.socket)
    if (!dead.has(response.socket)) json({ ok: true })(request, response)
  }
  let first: (() => void) | undefined
  server.on('GET /api/both', (request, response) => {
    const answer = (): void => answered(request, response)
    if (first === undefined) {
      first = answer
      return
    }
    first()
    answer()
  })
  server.onEverything(answered)
  const get = { method: 'GET', path: '/api/both', signal } as const
  await Promise.all([send(link, get), send(link, get)])
  expect(seen.size).toBe(2)
  return {
    die: () => {
      dead = new Set(seen)
    },
  }
}

it('a GET that a kept connection does not answer is asked on a new one', async () => {
  const kept = await keepTwo()
  kept.die()
  const answers = Array.from({ length: 3 }, () =>
    send(link, { method: 'GET', path: '/api/x', signal }, 20_000),
  )
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200])
})

it('so is one whose answer is read as it comes', async () => {
  const kept = await keepTwo()
  kept.die()
  const stream = await openStream(link, '/api/x', signal)
  expect(stream.statusCode).toBe(200)
  stream.destroy()
})

it('a request that may not be made twice is not', async () => {
  const kept = await keepTwo()
  kept.die()
  const sending = send(link, { method: 'POST', path: '/api/x', body: {}, signal }, 500)
  await expect(sending).rejects.toMatchObject({ code: 'timeout' })
  expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
})

it('an API server that is only slow answers the second time', async () => {
  await keepTwo()
  server.onEverything((request, response) => {
    setTimeout(() => json({ slow: true })(request, response), 400)
  })
  const answer = await send(link, { method: 'GET', path: '/api/x', signal })
  expect(answer.body).toContain('slow')
  expect(server.requests.filter(({ path }) => path === '/api/x')).toHaveLength(2)
})
