import { describe, expect, test } from 'vitest'
import type { HostQuestion } from '../contracts/doctor.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import { fakeHostNode, fakeParts, fakeRecord } from '../status/fake-parts.js'
import { diagnose } from './diagnose.js'
import { object } from './fake-snapshot.js'
import { limitsAfter } from './ask.js'
import { gather } from './gather.js'

const { signal } = new AbortController()
const limits = { part: 200, longPart: 400, status: 150 }
const never = <T>(): Promise<T> => new Promise(() => undefined)
const none = () => Promise.resolve([])
const lock = object('Lease', 'q-lock', { spec: { holderIdentity: 'elsewhere/x/1/y', renewTime: '' } })

const questions: readonly HostQuestion[] = [
  {
    kind: 'nodes',
    what: 'nodes of the host',
    read: () => Promise.reject(new KnestError('not-permitted', 'you may not list nodes')),
  },
  { kind: 'claims', what: 'claims of the cluster', read: never },
  { kind: 'locks', what: 'lock of the cluster', read: () => Promise.resolve([lock]) },
]

function parts(): Parts {
  const nodes = [fakeHostNode('q-cp-0'), fakeHostNode('q-worker-0')]
  const silent = fakeParts(nodes, () => 'never')
  return { ...silent, home: { ...silent.home, hostQuestions: () => questions } }
}

describe('gather', () => {
  test('nobody is waited for beyond an end, and who was silent is told', async () => {
    const begun = performance.now()
    const sources = { parts: parts(), request: { machine: never }, checks: never }
    const { unseen, host, cluster } = await gather(
      { ...sources, record: fakeRecord({ workers: 1 }) },
      signal,
      limits,
    )
    expect(performance.now() - begun).toBeLessThan(limits.longPart + 1_000)
    expect(new Set(unseen.map(({ what }) => what))).toEqual(
      new Set([
        'nodes of the host',
        'claims of the cluster',
        'what preflight looks for',
        'the machine of the embedded host',
        'services of node "q-cp-0"',
        'services of node "q-worker-0"',
        'logs of the control plane',
        'network, DNS and storage of the cluster',
        'the way into the cluster',
        'members of etcd',
        'certificates',
        'certificate authorities',
      ]),
    )
    expect(unseen).toContainEqual({ what: 'nodes of the host', why: 'you may not list nodes' })
    expect(unseen).toContainEqual({ what: 'claims of the cluster', why: 'no answer within 0.2 s' })
    expect(host.objects).toEqual({ locks: [lock] })
    expect(cluster?.services.size).toBe(0)
  })

  test('of the host alone no cluster is asked for', async () => {
    const snapshot = await gather({ parts: parts(), request: {}, checks: none }, signal, limits)
    expect(snapshot.cluster).toBeUndefined()
    expect(snapshot.unseen.map(({ what }) => what)).toEqual(['nodes of the host', 'claims of the cluster'])
    expect(diagnose(snapshot).findings).toEqual([])
  })

  test('a paused cluster has nobody to ask', async () => {
    const record = fakeRecord({ persistence: { enabled: true } }, { phase: 'Paused' })
    const stopped = { phase: 'pending', ready: false, reason: 'its StatefulSet was scaled to 0' } as const
    const asleep = fakeParts([fakeHostNode('q-cp-0', stopped)], () => 'never')
    const snapshot = await gather({ parts: asleep, request: {}, checks: none, record }, signal, limits)
    expect(snapshot.unseen).toEqual([])
    expect(diagnose(snapshot).findings.map(({ reason }) => reason)).toEqual(['ClusterPaused'])
  })

  test('who gives up is not kept waiting', async () => {
    const stop = AbortSignal.abort(new KnestError('cancelled', 'cancelled'))
    const run = gather({ parts: parts(), request: {}, checks: never }, stop, limits)
    await expect(run).rejects.toThrow('cancelled')
  })
})

test('a host that needed long for the record is slow, though nothing else answers in the time that is left', async () => {
  const all = parts()
  const home = { ...all.home, hostQuestions: () => questions.map((each) => ({ ...each, read: never })) }
  const sources = { parts: { ...all, home }, request: {}, checks: never, recordMs: 3_400 }
  const snapshot = await gather({ ...sources, record: fakeRecord({}) }, signal, limits)
  expect(diagnose(snapshot).findings.map(({ reason }) => reason)).toEqual(['HostApiSlow'])
})

test.each([
  [0, 6_000, 8_500],
  [900, 6_000, 8_500],
  [5_000.1, 4_500, 4_500],
  [60_000, 1_000, 1_000],
])('after %d ms a part has %d ms, a long one %d ms', (waitedMs, part, longPart) => {
  expect(limitsAfter(waitedMs)).toMatchObject({ part, longPart })
})
