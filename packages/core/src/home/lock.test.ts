import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { anySignal, beforeWrite, onAbort } from '../signals.js'
import { isDead, ownIdentity } from './holder.js'
import { LeaseWatch } from './lease-watch.js'
import { acquireLock, clusterLock } from './lock.js'

const target = clusterLock({ name: 'q', namespace: 'knest-q' })
const { signal } = new AbortController()
const at = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')

/** A host that has one Lease, or none. */
function fakeHost(holder?: string, renewTime = at(Date.now())) {
  const lease = (holderIdentity: string, renewed: string): KubeObject => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: target.name, namespace: target.namespace },
    spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: renewed },
  })
  const host = {
    lease: holder === undefined ? undefined : lease(holder, renewTime),
    isAway: false,
    renew: (by: string, renewed: string) => {
      host.lease = lease(by, renewed)
    },
  }
  const write = (object: KubeObject): Promise<KubeObject> => {
    if (host.isAway) return Promise.reject(new KnestError('host-unreachable', 'refused'))
    host.lease = object
    return Promise.resolve(object)
  }
  const api = {
    get: () =>
      host.isAway
        ? Promise.reject(new KnestError('host-unreachable', 'refused'))
        : Promise.resolve(host.lease),
    create: write,
    replace: write,
    delete: () => {
      host.lease = undefined
      return Promise.resolve(true)
    },
  } as unknown as KubeApi
  return { host, api }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
})
afterEach(() => vi.useRealTimers())

const other = 'elsewhere/boot.1/7/abc'
const holderOf = (lease: KubeObject | undefined): unknown =>
  (lease?.spec as { holderIdentity?: string }).holderIdentity

test.each([
  ['behind', -3_600_000],
  ['ahead', 3_600_000],
])(
  'a holder whose clock is %s keeps the lock while it renews it, and loses it when it does not',
  async (_, skew) => {
    const { host, api } = fakeHost(other, at(Date.now() + skew))
    let taken = false
    const taking = acquireLock(api, target, signal, () => undefined).then((lock) => {
      taken = true
      return lock
    })
    for (let renewals = 0; renewals < 10; renewals++) {
      await vi.advanceTimersByTimeAsync(5_000)
      host.renew(other, at(Date.now() + skew))
    }
    expect(taken).toBe(false)
    await vi.advanceTimersByTimeAsync(14_000)
    expect(taken).toBe(false)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(taken).toBe(true)
    await (await taking).release()
  },
)

test('who only looks now and then knows a Lease that has not changed in between', async () => {
  const { api } = fakeHost(other)
  const watch = new LeaseWatch()
  const look = async (): Promise<boolean> => {
    const busy = new AbortController()
    return acquireLock(api, { ...target, preemptible: true }, busy.signal, () => busy.abort(), watch).then(
      (lock) => lock.release().then(() => true),
      () => false,
    )
  }
  const looks: boolean[] = []
  for (let tries = 0; tries < 5; tries++) {
    looks.push(await look())
    await vi.advanceTimersByTimeAsync(5_000)
  }
  expect(looks).toEqual([false, false, false, false, true])
})

test('a lock that cannot be renewed is lost before anybody else may take it', async () => {
  const { host, api } = fakeHost()
  const lock = await acquireLock(api, target, signal, () => undefined)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(lock.signal.aborted).toBe(false)
  host.isAway = true
  await vi.advanceTimersByTimeAsync(12_000)
  expect(lock.signal.reason).toMatchObject({
    code: 'host-unreachable',
    message: 'the lock of cluster "q" could not be renewed for 10 s: refused',
  })
})

test('who was stopped for a while knows before its next write that another took the lock', async () => {
  const { host, api } = fakeHost()
  const lock = await acquireLock(api, target, signal, () => undefined)
  const run = anySignal(lock.signal, signal)
  await expect(beforeWrite(run)).resolves.toBeUndefined()
  // No timer has fired, as after a machine slept.
  vi.setSystemTime(Date.now() + 60_000)
  host.renew(other, at(Date.now()))
  await expect(beforeWrite(run)).rejects.toMatchObject({ message: 'somebody else took over cluster "q"' })
  expect(holderOf(host.lease)).toBe(other)
})

test('who was stopped and still has the lock goes on', async () => {
  const { host, api } = fakeHost()
  const lock = await acquireLock(api, target, signal, () => undefined)
  const before = (host.lease?.spec as { renewTime?: string }).renewTime
  vi.setSystemTime(Date.now() + 60_000)
  await beforeWrite(lock.signal)
  expect((host.lease?.spec as { renewTime?: string }).renewTime).not.toBe(before)
  await lock.release()
  expect(host.lease).toBeUndefined()
})

test.each([
  ['has lost it where another has worked to the end and let it go', {}, true],
  ['has it still where its namespace goes', { deletionTimestamp: at(0) }, false],
])('who was stopped and finds no Lease %s', async (_, of, isLost) => {
  const { host, api } = fakeHost()
  const changing = {
    ...api,
    get: ({ kind }: { kind: string }) =>
      Promise.resolve(kind === 'Namespace' ? { metadata: { name: 'knest-q', ...of } } : host.lease),
  } as unknown as KubeApi
  const lock = await acquireLock(changing, target, signal, () => undefined)
  vi.setSystemTime(Date.now() + 60_000)
  host.lease = undefined
  const writing = beforeWrite(lock.signal)
  await (isLost
    ? expect(writing).rejects.toMatchObject({ message: 'somebody else took over cluster "q"' })
    : expect(writing).resolves.toBeUndefined())
})

test.each([
  ['refused', () => Promise.reject(new KnestError('host-unreachable', 'refused'))],
  ['silent', (ended: AbortSignal) => new Promise((_, reject) => onAbort(ended, reject))],
])('who was stopped and finds its connections %s has as long to renew it as ever', async (_, dead) => {
  const { host, api } = fakeHost()
  let isDead = false
  const dying = {
    ...api,
    get: (...[, , , ended]: Parameters<KubeApi['get']>) =>
      isDead ? dead(ended) : Promise.resolve(host.lease),
  } as unknown as KubeApi
  const now = performance.now.bind(performance)
  let stoppedMs = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + stoppedMs)
  const lock = await acquireLock(dying, target, signal, () => undefined)
  await vi.advanceTimersByTimeAsync(3_000)
  isDead = true
  stoppedMs = 8_000
  await vi.advanceTimersByTimeAsync(7_500)
  expect(lock.signal.aborted).toBe(false)
  isDead = false
  await vi.advanceTimersByTimeAsync(30_000)
  expect(lock.signal.aborted).toBe(false)
  isDead = true
  await vi.advanceTimersByTimeAsync(18_000)
  expect(lock.signal.reason).toMatchObject({ code: 'host-unreachable' })
  clock.mockRestore()
})

/** What a host that stops still does when it goes on, and nobody hears of. */
test.each([
  ['the request that makes it', 'create', undefined],
  ['the one that takes it over', 'replace', 'gone/boot.1/7/abc'],
] as const)(
  'a Lease is taken at once that this process may have taken before: %s',
  async (_, verb, holder) => {
    const { host, api } = fakeHost(holder)
    // Who had it has let it go.
    if (host.lease !== undefined) host.lease = { ...host.lease, spec: {} }
    const lost = {
      ...api,
      [verb]: async (...given: Parameters<KubeApi['replace']>) => {
        await api[verb](...given)
        throw new KnestError('timeout', 'no answer')
      },
    }
    const watch = new LeaseWatch()
    await expect(acquireLock(lost, target, signal, () => undefined, watch)).rejects.toThrow('no answer')
    const before = holderOf(host.lease)
    const waits: string[] = []
    const lock = await acquireLock(api, target, signal, (holder) => waits.push(holder), watch)
    expect(waits).toEqual([])
    expect(holderOf(host.lease)).not.toBe(before)
    await lock.release()
  },
)

test('a Lease that could not be let go is taken again at once', async () => {
  const { host, api } = fakeHost()
  const refusing = { ...api, delete: () => Promise.reject(new KnestError('not-permitted', 'no')) }
  const watch = new LeaseWatch()
  const lock = await acquireLock(refusing, target, signal, () => undefined, watch)
  await lock.release()
  const before = holderOf(host.lease)
  const waits: string[] = []
  const again = await acquireLock(api, target, signal, (holder) => waits.push(holder), watch)
  expect(waits).toEqual([])
  expect(holderOf(host.lease)).not.toBe(before)
  await again.release()
})

test('of a Lease just that one is let go that was read', async () => {
  const { host, api } = fakeHost()
  const deletions: unknown[] = []
  const noting = {
    ...api,
    delete: (...given: Parameters<KubeApi['delete']>) => {
      deletions.push(given[3].preconditions)
      return api.delete(...given)
    },
  }
  const lock = await acquireLock(noting, target, signal, () => undefined)
  if (host.lease !== undefined)
    host.lease = { ...host.lease, metadata: { ...host.lease.metadata, resourceVersion: '7' } }
  await lock.release()
  expect(deletions).toEqual([{ resourceVersion: '7' }])
})

test('a Lease that goes while it is taken over is not had by that', async () => {
  const { host, api } = fakeHost('gone/boot.1/7/abc')
  if (host.lease !== undefined) host.lease = { ...host.lease, spec: {} }
  const going = {
    ...api,
    replace: () => {
      host.lease = undefined
      return Promise.reject(new KnestError('not-found', 'leases "q-lock" not found'))
    },
  }
  const taking = acquireLock(going, target, signal, () => undefined)
  await vi.advanceTimersByTimeAsync(1_500)
  const lock = await taking
  expect(holderOf(host.lease)).toBeDefined()
  await lock.release()
})

test('where its namespace is gone nobody else can have it', async () => {
  const { api } = fakeHost()
  const gone = {
    ...api,
    create: () => Promise.reject(new KnestError('not-found', 'namespaces "knest-q" not found')),
  }
  const lock = await acquireLock(gone, target, signal, () => undefined)
  expect(lock.signal.aborted).toBe(false)
  await lock.release()
})

/** Reads of the Lease are forbidden, and the namespace is as it is. */
function withoutRights(api: KubeApi, deletionTimestamp?: string): { readonly api: KubeApi; asked: number } {
  const seen = {
    asked: 0,
    api: {
      ...api,
      get: ({ kind }: { kind: string }) => {
        seen.asked++
        const metadata = { name: 'knest-q', ...(deletionTimestamp !== undefined && { deletionTimestamp }) }
        return kind === 'Namespace'
          ? Promise.resolve({ apiVersion: 'v1', kind, metadata })
          : Promise.reject(new KnestError('not-permitted', 'forbidden'))
      },
    } as unknown as KubeApi,
  }
  return seen
}

test.each([
  ['is held as long as its namespace goes, whose end took the right to it', at(0), false],
  ['is lost with the right to it where the namespace stays', undefined, true],
])('a lock %s', async (_, deletionTimestamp, isLost) => {
  const { api } = fakeHost()
  const changing = { ...api }
  const lock = await acquireLock(changing, target, signal, () => undefined)
  Object.assign(changing, withoutRights(api, deletionTimestamp).api)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(lock.signal.aborted).toBe(isLost)
})

test('a lock is let go at once by who may no more read it', async () => {
  const { api } = fakeHost()
  const changing = { ...api }
  const lock = await acquireLock(changing, target, signal, () => undefined)
  const seen = withoutRights(api)
  Object.assign(changing, seen.api)
  await lock.release()
  expect(seen.asked).toBe(1)
})

test('the Lease of a cluster goes with its record', async () => {
  const { host, api } = fakeHost()
  const owned = clusterLock({ name: 'q', namespace: 'knest-q', uid: 'u' })
  await acquireLock(api, owned, signal, () => undefined)
  expect(host.lease?.metadata.ownerReferences).toMatchObject([{ kind: 'NestedCluster', name: 'q', uid: 'u' }])
})

test('only a process that can be seen from here is known to be dead', () => {
  const [host = '', place = '', , id = ''] = ownIdentity().split('/')
  const holder = (where: string, pid: string): string => [host, where, pid, id].join('/')
  // Above every kernel's highest PID.
  const nobody = '4194305'
  expect(isDead(holder(place, nobody))).toBe(place !== 'unknown')
  expect(isDead(ownIdentity())).toBe(false)
  expect(isDead(holder(`${place.split('.')[0] ?? ''}.1`, nobody))).toBe(false)
  expect(isDead(holder('unknown', nobody))).toBe(false)
})
