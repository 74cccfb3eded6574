import { expect, test, vi } from 'vitest'
import { KnestError, type KubeObject } from '@knest/core'
import { followOwners } from '@knest/controller'
import { createFakeKubeApi } from './fake-kube-api.js'

const podKind = { apiVersion: 'v1', kind: 'Pod' }

const never = new AbortController().signal

function pod(name: string): KubeObject {
  return { ...podKind, metadata: { name, namespace: 'ci' } }
}

function cluster(name: string, deleteWith?: object): KubeObject {
  const kind = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
  return { ...kind, metadata: { name, namespace: 'ci' }, spec: { deleteWith } }
}

async function setUp(pause: () => Promise<void> = () => new Promise(() => undefined)) {
  const api = createFakeKubeApi([podKind])
  const woken: string[] = []
  const stop = new AbortController()
  const show = followOwners(api, { wake: (key) => woken.push(key), pause, signal: stop.signal })
  const made = await api.create(pod('job'), { signal: never })
  const owner = { kind: 'Pod', name: 'job', uid: made.metadata.uid ?? '' }
  return { api, woken, stop, show, owner }
}

test('wakes the clusters of a pod that goes, and no other, each once', async () => {
  const { api, woken, show, owner } = await setUp()
  await api.create(pod('other'), { signal: never })
  const clusters = [
    cluster('a', owner),
    cluster('b', { ...owner, namespace: 'ci' }),
    cluster('c'),
    cluster('d', { name: 7 }),
  ]
  show(clusters)
  show(clusters)
  await api.delete(podKind, 'other', 'ci', { signal: never })
  await vi.waitFor(() => undefined)
  expect(woken).toEqual([])
  await api.delete(podKind, 'job', 'ci', { signal: never })
  await vi.waitFor(() => expect(woken.sort()).toEqual(['ci/a', 'ci/b']))
})

test('wakes at once where it is gone already, or is another of its name', async () => {
  const { woken, show, owner } = await setUp()
  show([cluster('a', { ...owner, uid: 'of one before' }), cluster('b', { ...owner, name: 'nothing' })])
  await vi.waitFor(() => expect(woken.sort()).toEqual(['ci/a', 'ci/b']))
})

test('follows no cluster that went, and another pod where the object says so', async () => {
  const { api, woken, show, owner } = await setUp()
  const next = await api.create(pod('next'), { signal: never })
  show([cluster('a', owner), cluster('b', owner)])
  show([cluster('b', { ...owner, name: 'next', uid: next.metadata.uid })])
  await api.delete(podKind, 'job', 'ci', { signal: never })
  await api.delete(podKind, 'next', 'ci', { signal: never })
  await vi.waitFor(() => expect(woken).toEqual(['ci/b']))
})

test('a watch that is refused wakes nobody, and is tried again', async () => {
  let tries = 0
  const { api, woken, show, owner, stop } = await setUp(() => Promise.resolve())
  api.waitFor = () => {
    tries += 1
    if (tries === 3) stop.abort()
    return Promise.reject(new KnestError('not-permitted', 'you may not'))
  }
  show([cluster('a', owner)])
  await vi.waitFor(() => expect(tries).toBe(3))
  expect(woken).toEqual([])
})
