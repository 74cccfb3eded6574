import { beginWait, endedBy, KnestError, onAbort } from '@knest/core'
import type { ClusterRef, Clusters, HealReport, KubeApi, KubeObject } from '@knest/core'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { runController } from './controller.js'

const well: HealReport = { phase: 'Ready', actions: [], nodes: [], nextAt: undefined }
type Change = (objects: readonly KubeObject[]) => boolean

function cluster(name: string, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  const common = { name, namespace: `knest-${name}`, uid: `uid-of-${name}`, generation: 1 }
  return {
    apiVersion: 'knest.dev/v1alpha1',
    kind: 'NestedCluster',
    metadata: { ...common, resourceVersion: JSON.stringify(metadata), ...metadata },
  }
}

/** A host whose watches show what `show` says, and that has nothing but the controller's own Lease. */
function fakeHost() {
  const watches = new Map<string, Change>()
  const shown = new Map<string, readonly KubeObject[]>()
  let lease: KubeObject | undefined
  const api: Partial<KubeApi> = {
    get: ({ kind }) => Promise.resolve(kind === 'Lease' ? lease : undefined),
    create: (object) => {
      if (object.kind === 'Lease') lease = object
      return Promise.resolve(object)
    },
    replace: (object) => Promise.resolve((lease = object)),
    delete: () => Promise.resolve(true),
    waitFor: ({ kind }, _selector, done, { signal }) => {
      watches.set(kind, done)
      done(shown.get(kind) ?? [])
      return new Promise((_resolve, reject) => onAbort(signal, reject))
    },
  }
  return {
    api: api as KubeApi,
    show: (kind: string, ...objects: readonly KubeObject[]): void => {
      shown.set(kind, objects)
      watches.get(kind)?.(objects)
    },
  }
}

/** Clusters of which those that are named never come up: work on them waits until it is ended. */
function fakeClusters(...stuck: readonly string[]) {
  const looks: string[] = []
  const ends: string[] = []
  const waiting = new Set<string>(stuck)
  const clusters: Partial<Clusters> = {
    openApi: () => Promise.reject(new KnestError('host-unreachable', 'not reached')),
    reconcile: async ({ name }: ClusterRef, { signal }) => {
      looks.push(name)
      if (!waiting.has(name)) return well
      const endWait = beginWait(signal)
      await new Promise<void>((resolve) => void onAbort(signal, () => resolve()))
      await endWait()
      ends.push(endedBy(signal).message)
      throw endedBy(signal)
    },
  }
  return { clusters: clusters as Clusters, looks, ends, comesUp: (name: string) => waiting.delete(name) }
}

let running: Promise<void>

function run(host: ReturnType<typeof fakeHost>, { clusters }: ReturnType<typeof fakeClusters>) {
  const ended = new AbortController()
  running = runController({
    api: host.api,
    clusters,
    port: 0,
    signal: ended.signal,
    log: () => undefined,
    pause: (milliseconds, signal) => delay(milliseconds, undefined, { signal }).then(() => undefined),
  })
  return () => ended.abort()
}

let end: () => void

afterEach(async () => {
  end()
  await running
})

describe('the controller', () => {
  const names = Array.from({ length: 20 }, (_, index) => `stuck-${index}`)

  it('looks after a cluster while twenty others wait for what never comes', async () => {
    const host = fakeHost()
    const fake = fakeClusters(...names)
    end = run(host, fake)
    const stuck = names.map((name) => cluster(name))
    host.show('NestedCluster', ...stuck)
    await vi.waitFor(() => expect(fake.looks).toEqual(names))
    host.show('NestedCluster', ...stuck, cluster('healthy'))
    await vi.waitFor(() => expect(fake.looks).toEqual([...names, 'healthy']))
  })

  it('ends what it waits for when the cluster is deleted, and deletes it', async () => {
    const host = fakeHost()
    const fake = fakeClusters('a', 'b')
    end = run(host, fake)
    host.show('NestedCluster', cluster('a'), cluster('b'))
    await vi.waitFor(() => expect(fake.looks).toEqual(['a', 'b']))
    fake.comesUp('a')
    const deleted = cluster('a', { deletionTimestamp: '2026-01-01T00:00:00Z', generation: 2 })
    host.show('NestedCluster', deleted, cluster('b'))
    await vi.waitFor(() => expect(fake.looks).toEqual(['a', 'b', 'a']))
    expect(fake.ends).toEqual(['cluster "a" is being deleted'])
  })

  it('looks once more at one whose object went, and not where its namespace goes', async () => {
    const host = fakeHost()
    const fake = fakeClusters()
    end = run(host, fake)
    host.show('NestedCluster', cluster('a'), cluster('b'))
    await vi.waitFor(() => expect(fake.looks).toEqual(['a', 'b']))
    const ending = { name: 'knest-a', deletionTimestamp: '2026-01-01T00:00:00Z' }
    host.show('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: ending })
    host.show('NestedCluster')
    await vi.waitFor(() => expect(fake.looks).toEqual(['a', 'b', 'b']))
    host.show('NestedCluster', cluster('a'), cluster('c'))
    await vi.waitFor(() => expect(fake.looks).toEqual(['a', 'b', 'b', 'c']))
  })

  it('ends no deletion for what changes meanwhile', async () => {
    const host = fakeHost()
    const fake = fakeClusters('a', 'b')
    end = run(host, fake)
    const going = { deletionTimestamp: '2026-01-01T00:00:00Z' }
    host.show('NestedCluster', cluster('a', going))
    await vi.waitFor(() => expect(fake.looks).toEqual(['a']))
    host.show('NestedCluster', cluster('a', { ...going, generation: 2 }), cluster('b'))
    await vi.waitFor(() => expect(fake.looks).toEqual(['a', 'b']))
    expect(fake.ends).toEqual([])
  })

  it('ends what it waits for when the object asks for something else, not when its status says so', async () => {
    const host = fakeHost()
    const fake = fakeClusters('a', 'b')
    end = run(host, fake)
    host.show('NestedCluster', cluster('a'), cluster('b'))
    await vi.waitFor(() => expect(fake.looks).toEqual(['a', 'b']))
    const said = cluster('b', { resourceVersion: 'of its status' })
    host.show('NestedCluster', cluster('a', { generation: 2 }), said)
    await vi.waitFor(() => expect(fake.looks).toEqual(['a', 'b', 'a']))
    expect(fake.ends).toEqual(['cluster "a" is to be something else now'])
  })

  it('ends what it does in a namespace that is being deleted, and begins nothing there but deletions', async () => {
    const host = fakeHost()
    const fake = fakeClusters('a')
    end = run(host, fake)
    host.show('NestedCluster', cluster('a'))
    await vi.waitFor(() => expect(fake.looks).toEqual(['a']))
    const ending = { name: 'knest-a', deletionTimestamp: '2026-01-01T00:00:00Z' }
    host.show('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: ending })
    await vi.waitFor(() => expect(fake.ends).toEqual(['namespace "knest-a" is being deleted']))
    host.show('NestedCluster', cluster('a', { resourceVersion: 'of its status' }), cluster('b'))
    await vi.waitFor(() => expect(fake.looks).toEqual(['a', 'b']))
    fake.comesUp('a')
    host.show('NestedCluster', cluster('a', { deletionTimestamp: '2026-01-01T00:00:00Z' }), cluster('b'))
    await vi.waitFor(() => expect(fake.looks).toEqual(['a', 'b', 'a']))
  })
})
