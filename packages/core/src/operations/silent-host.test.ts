import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ClusterHome } from '../contracts/cluster-home.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { Parts } from '../contracts/parts.js'
import { createKubernetesHome } from '../home/kubernetes-home.js'
import {
  failure,
  json,
  startFakeApiServer,
  type FakeApiServer,
  type Handler,
} from '../kube/fake-api-server.js'
import { openKube } from '../kube/open-kube.js'
import { beforeWrite, onAbort } from '../signals.js'
import { fakeRecord } from '../status/fake-parts.js'
import { createExclusive } from './exclusive.js'

const record = fakeRecord()
const { signal } = new AbortController()

/** An API server with one Lease, that can be stopped as a process is: what it was asked it does when it goes on. */
class Host {
  lease: KubeObject | undefined
  #version = 0
  #waiting: (() => void)[] | undefined

  readonly handler: Handler = (request, response) => {
    const serve = (): void => this.#answer(request)(request, response)
    if (this.#waiting === undefined) serve()
    else this.#waiting.push(serve)
  }

  stop(): void {
    this.#waiting = []
  }

  goOn(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const serve of waiting) serve()
  }

  take(holderIdentity: string): void {
    const metadata = { name: 'knest-q', namespace: record.namespace }
    this.#store(
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...this.lease, metadata },
      holderIdentity,
    )
  }

  get holder(): string | undefined {
    return (this.lease?.spec as { readonly holderIdentity?: string } | undefined)?.holderIdentity
  }

  #store(lease: KubeObject, holderIdentity?: string): KubeObject {
    const resourceVersion = String(++this.#version)
    const spec = { ...(lease.spec as object), ...(holderIdentity !== undefined && { holderIdentity }) }
    this.lease = { ...lease, spec, metadata: { ...lease.metadata, resourceVersion } }
    return this.lease
  }

  #answer({ method, body }: Parameters<Handler>[0]): Handler {
    const told = (body === '' ? undefined : JSON.parse(body)) as
      (KubeObject & { readonly preconditions?: { readonly resourceVersion?: string } }) | undefined
    const current = this.lease?.metadata.resourceVersion
    if (method === 'POST') {
      if (this.lease !== undefined) return failure(409, 'AlreadyExists', 'exists')
      return json(this.#store(told as KubeObject), 201)
    }
    if (this.lease === undefined) return failure(404, 'NotFound', 'leases "knest-q" not found')
    if (method === 'GET') return json(this.lease)
    const expected = method === 'PUT' ? told?.metadata.resourceVersion : told?.preconditions?.resourceVersion
    if (expected !== undefined && expected !== current) return failure(409, 'Conflict', 'changed')
    if (method === 'PUT') return json(this.#store(told as KubeObject))
    this.lease = undefined
    return json({ kind: 'Status', status: 'Success' })
  }
}

let host: Host
let server: FakeApiServer
let api: KubeApi
let home: ClusterHome
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
  host = new Host()
  server = await startFakeApiServer()
  server.onEverything(host.handler)
  api = await openKube({ kubeconfigText: server.kubeconfig })
  home = createKubernetesHome(api)
})
afterEach(async () => {
  vi.useRealTimers()
  api.close()
  await server.close()
})

/** Lets so much time pass, with all that is sent and answered meanwhile. */
async function pass(ms: number, until: () => boolean = () => false): Promise<void> {
  for (let gone = 0; gone < ms && !until(); gone += 250) {
    await vi.advanceTimersByTimeAsync(250)
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Work that goes on until it is ended, or told to write and come to its end. */
function working(timeoutMs = 600_000) {
  const seen = { begun: 0, written: 0, notes: [] as string[], ended: undefined as unknown }
  let finish: (() => void) | undefined
  const progress = {
    phase: <T>(_title: string, work: (inner: never) => Promise<T>) => work(progress as never),
    note: (text: string) => void seen.notes.push(text),
    warn: () => undefined,
  }
  const exclusive = createExclusive({ home } as Parts)
  const running = exclusive(
    () => Promise.resolve(record),
    record,
    { signal, timeoutMs, progress },
    (run) => {
      seen.begun++
      return new Promise<string>((resolve, reject) => {
        onAbort(run.signal, reject)
        finish = () =>
          void beforeWrite(run.signal).then(() => {
            seen.written++
            resolve('done')
          }, reject)
      })
    },
  )
  const settled = running.then(
    (result) => (seen.ended = result),
    (error: unknown) => (seen.ended = error),
  )
  return { seen, settled, finish: () => finish?.() }
}

test('a host that is stopped for half a minute costs nothing but time', async () => {
  const { seen, finish } = working()
  await pass(2_000, () => seen.begun === 1)
  const before = host.holder
  host.stop()
  await pass(30_000)
  expect(seen.notes).toEqual([
    'the lock of cluster "q" could not be renewed for 10 s: taking it again, and beginning anew with what is there then',
  ])
  host.goOn()
  await pass(10_000, () => seen.begun === 2)
  expect(seen.begun).toBe(2)
  expect(host.holder).not.toBe(before)
  finish()
  await pass(5_000, () => seen.ended !== undefined)
  expect(seen).toMatchObject({ ended: 'done', written: 1 })
  await pass(2_000, () => host.lease === undefined)
  expect(host.lease).toBeUndefined()
})

test('who has taken the lock meanwhile is waited for', async () => {
  const { seen, finish } = working()
  await pass(2_000, () => seen.begun === 1)
  host.stop()
  await pass(30_000, () => seen.notes.length > 0)
  host.take('elsewhere/boot.1/7/abc')
  host.goOn()
  await pass(10_000, () => seen.notes.length > 1)
  expect(seen.notes[1]).toBe('waiting for elsewhere/boot.1/7/abc to finish with cluster "q"')
  expect(seen).toMatchObject({ begun: 1, written: 0 })
  host.lease = undefined
  await pass(5_000, () => seen.begun === 2)
  finish()
  await pass(5_000, () => seen.ended !== undefined)
  expect(seen).toMatchObject({ ended: 'done', written: 1 })
})

test('a command that was stopped itself and lost its lock says so, and writes nothing', async () => {
  const { seen, finish } = working()
  await pass(2_000, () => seen.begun === 1)
  // Its timers have not fired.
  vi.setSystemTime(Date.now() + 60_000)
  host.take('elsewhere/boot.1/7/abc')
  finish()
  await pass(10_000, () => seen.ended !== undefined)
  expect(seen).toMatchObject({
    begun: 1,
    written: 0,
    ended: { code: 'conflict', message: 'somebody else took over cluster "q"' },
  })
  expect(host.holder).toBe('elsewhere/boot.1/7/abc')
})

test('a host that stays silent ends the command with its time', async () => {
  const { seen } = working(60_000)
  await pass(2_000, () => seen.begun === 1)
  host.stop()
  await pass(90_000, () => seen.ended !== undefined)
  expect(seen).toMatchObject({
    begun: 1,
    ended: {
      code: 'timeout',
      message: expect.stringMatching(
        /^the operation on cluster "q" took longer than 60 s; last seen: context "fake" did not answer GET \/apis\/coord/,
      ) as string,
    },
  })
})
