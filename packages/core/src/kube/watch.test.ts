import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { takeTurns } from '../signals.js'
import { failure, json, startFakeApiServer, type FakeApiServer } from './fake-api-server.js'
import { openKube } from './open-kube.js'

const pod = { apiVersion: 'v1', kind: 'Pod' }
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

const object = (name: string, resourceVersion: string) => ({
  metadata: { name, namespace: 'n', resourceVersion },
})
const event = (type: string, value: unknown) => `${JSON.stringify({ type, object: value })}\n`

/** Answers the n-th list and the n-th watch. */
function script(lists: KubeObject['metadata'][][], watches: ((response: ServerResponse) => void)[]) {
  let listed = 0
  let watched = 0
  server.on('GET /api/v1/namespaces/n/pods', (request, response) => {
    if (!request.query.has('watch')) {
      const items = (lists[Math.min(listed++, lists.length - 1)] ?? []).map((metadata) => ({ metadata }))
      json({ metadata: { resourceVersion: String(listed * 100) }, items })(request, response)
      return
    }
    response.writeHead(200)
    response.flushHeaders()
    watches[watched++]?.(response)
  })
}

function waitForNames(names: string, timeoutMs = 5000, signal = new AbortController().signal) {
  const seen: string[] = []
  const namesOf = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name).join(' ')
  const found = kube.waitFor(
    pod,
    { namespace: 'n', labelSelector: 'a=b' },
    (objects) => {
      seen.push(namesOf(objects))
      return namesOf(objects) === names
    },
    { timeoutMs, signal, awaited: `pods ${names}`, describe: (objects) => namesOf(objects) || 'no pods' },
  )
  return { found, seen }
}

describe('waitFor', () => {
  it('needs no watch when the list is good already', async () => {
    script([[{ name: 'a' }]], [])
    expect(await waitForNames('a').found).toEqual([{ ...pod, metadata: { name: 'a' } }])
    expect(server.requests).toHaveLength(1)
    expect(server.requests[0]?.query.get('labelSelector')).toBe('a=b')
  })

  it('follows changes from the version of the list, pieces of lines and bookmarks included', async () => {
    script(
      [[{ name: 'a', namespace: 'n' }]],
      [
        (response) => {
          const text = event('ADDED', object('ä', '101')) + event('BOOKMARK', object('', '150'))
          const bytes = Buffer.from(text + event('DELETED', object('a', '151')))
          const middle = bytes.indexOf('ä') + 1
          response.write(bytes.subarray(0, middle))
          setTimeout(() => response.write(bytes.subarray(middle)), 20)
        },
      ],
    )
    const { found, seen } = waitForNames('ä')
    await found
    expect(seen).toEqual(['a', 'a ä', 'ä'])
    const query = server.requests[1]?.query
    expect(query?.get('resourceVersion')).toBe('100')
    expect(query?.get('allowWatchBookmarks')).toBe('true')
    expect(query?.get('labelSelector')).toBe('a=b')
  })

  it('gives its turn to others only while it waits', async () => {
    const turns: string[] = []
    const wait = () => {
      turns.push('waits')
      return () => Promise.resolve(void turns.push('has waited'))
    }
    const { signal } = new AbortController()
    takeTurns(signal, { wait, ready: () => Promise.resolve() })
    script([[{ name: 'a' }]], [])
    await waitForNames('a', 5000, signal).found
    expect(turns).toEqual([])
    script([[]], [watchOf('b')])
    await waitForNames('b', 5000, signal).found
    script([[]], [watchOf('c')])
    await expect(waitForNames('b', 50, signal).found).rejects.toMatchObject({ code: 'timeout' })
    expect(turns).toEqual(['waits', 'has waited', 'waits', 'has waited'])
  })

  it('goes on from the last version when the server ends the watch', async () => {
    script([[]], [(response) => response.end(event('BOOKMARK', object('', '177'))), watchOf('b')])
    await waitForNames('b').found
    expect(server.requests.map(({ query }) => query.get('resourceVersion'))).toEqual([null, '100', '177'])
  })

  it('lists again after 410 Gone, as an event and as an answer', async () => {
    script(
      [[], [], [{ name: 'c' }]],
      [
        (response) =>
          response.end(event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })),
        (response) => response.destroy(),
      ],
    )
    const { found, seen } = waitForNames('c')
    await found
    expect(seen).toEqual(['', '', 'c'])
  })

  it('fails at once when the first list does, and when a right is missing', async () => {
    server.on('GET /api/v1/namespaces/n/pods', failure(403, 'Forbidden', 'pods is forbidden'))
    await expect(waitForNames('a').found).rejects.toMatchObject({ code: 'not-permitted' })
    server.on('GET /api/v1/namespaces/n/pods', failure(500, 'InternalError', 'boom'))
    await expect(waitForNames('a').found).rejects.toMatchObject({ code: 'host-unreachable' })
  })

  it('says on timeout what was awaited and what was seen last, and ends the watch', async () => {
    let closed = false
    script(
      [[{ name: 'a' }]],
      [
        (response) => {
          response.once('close', () => {
            closed = true
          })
        },
      ],
    )
    await expect(waitForNames('b', 200).found).rejects.toMatchObject({
      code: 'timeout',
      message: 'waited 0.2 s for pods b; last seen: a',
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(closed).toBe(true)
  })

  it('tells of a server that has gone away when time is over', async () => {
    script([[{ name: 'a' }]], [() => void server.close()])
    await expect(waitForNames('b', 900).found).rejects.toMatchObject({
      code: 'timeout',
      message:
        /last seen: a \(now context "fake" cannot be reached .*connection refused\)/ as unknown as string,
    })
  })

  it('ends at once on abort, and with what `done` throws', async () => {
    script([[]], [() => undefined, () => undefined])
    const controller = new AbortController()
    const { found } = waitForNames('a', 5000, controller.signal)
    setTimeout(() => {
      controller.abort()
    }, 50)
    await expect(found).rejects.toMatchObject({ code: 'cancelled' })
    const refuse = () => {
      throw new Error('node failed')
    }
    const options = {
      timeoutMs: 5000,
      signal: new AbortController().signal,
      awaited: 'x',
      describe: () => '',
    }
    await expect(kube.waitFor(pod, { namespace: 'n' }, refuse, options)).rejects.toThrow('node failed')
  })
})

function watchOf(name: string) {
  return (response: ServerResponse) => {
    response.write(event('ADDED', object(name, '200')))
  }
}
