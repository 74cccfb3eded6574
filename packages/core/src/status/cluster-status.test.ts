import { describe, expect, test } from 'vitest'
import { clusterStatus } from './cluster-status.js'
import type { DiskState } from '../node/disk.js'
import { bootstrappedMarker } from '../node/disk.js'
import { done, failed, fakeHostNode, fakeParts, fakeRecord, type FakeAnswer } from './fake-parts.js'

const { signal } = new AbortController()
const limitMs = 200

const asksDisk = (argv: readonly string[]): boolean => argv.some((each) => each.includes(bootstrappedMarker))
/** A node whose disk says this, and whose etcd does not answer. */
const disk = (state: DiskState): FakeAnswer => {
  return (_node, argv) => {
    if (asksDisk(argv)) return { ...done, stdout: `${state}\n` }
    return state !== 'empty' && argv.includes('certificates') ? done : failed
  }
}
const setUp = disk('bootstrapped')
const emptied = disk('empty')

describe('clusterStatus', () => {
  test('nothing hangs when every node hangs, and each part says that it is not known', async () => {
    const record = fakeRecord({ controlPlanes: 1, workers: 1 })
    const nodes = [fakeHostNode('q-cp-0', { ready: false }), fakeHostNode('q-worker-0')]
    const begun = Date.now()
    const status = await clusterStatus(
      fakeParts(nodes, () => 'never'),
      record,
      signal,
      limitMs,
    )
    expect(Date.now() - begun).toBeLessThan(limitMs + 2_000)
    expect(status.phase).toBe('Degraded')
    expect(status.nodes.map(({ name, status: shown, reason }) => [name, shown, reason])).toEqual([
      ['q-cp-0', 'Unknown', 'no control plane is ready'],
      ['q-worker-0', 'Unknown', 'no control plane is ready'],
    ])
    expect(status.etcd).toEqual({ members: [], problem: 'no answer within 0.2 s' })
    expect(status.certificates).toMatchObject({
      earliest: undefined,
      problems: [
        'node "q-cp-0" cannot be asked: it does not answer',
        'node "q-worker-0" cannot be asked: it does not answer',
      ],
    })
    expect(status.conditions.map(({ type, status: value }) => `${type} ${value}`)).toEqual([
      'Ready Unknown',
      'APIAvailable False',
      'EtcdHealthy Unknown',
    ])
    expect(status.problems.map(({ message }) => message)).toEqual([
      'the API server cannot be asked: no control plane is ready',
    ])
  })

  test('patience follows what the backend says of its speed', async () => {
    const parts = fakeParts([fakeHostNode('q-cp-0')], () => 'never')
    const slow = async (...given: Parameters<typeof parts.backend>) => ({
      ...(await parts.backend(...given)),
      timeoutFactor: () => Promise.resolve(3),
    })
    const record = fakeRecord({ controlPlanes: 1, workers: 0 })
    const status = await clusterStatus({ ...parts, backend: slow }, record, signal, limitMs)
    expect(status.etcd.problem).toBe('no answer within 0.6 s')
  })

  test('a node that hangs takes nothing from those that answer', async () => {
    const record = fakeRecord({ controlPlanes: 3 })
    const nodes = ['q-cp-0', 'q-cp-1', 'q-cp-2'].map((name) => fakeHostNode(name, { ready: false }))
    const list = '{"members":[{"ID":"a1","name":"q-cp-0","peerURLs":[],"clientURLs":["https://a:2379"]}]}'
    const status = await clusterStatus(
      fakeParts(nodes, (node, argv) => {
        if (node === 'q-cp-0') return 'never'
        if (node === 'q-cp-1') return failed
        return argv.includes('etcdctl') ? { ...done, stdout: list } : done
      }),
      record,
      signal,
      limitMs,
    )
    expect(status.etcd.members.map(({ name }) => name)).toEqual(['q-cp-0'])
    expect(status.certificates.problems).toHaveLength(2)
  })

  test("a node's clock that differs from this machine's is told", async () => {
    const record = fakeRecord({ controlPlanes: 1, workers: 1 })
    const nodes = ['q-cp-0', 'q-worker-0'].map((name) => fakeHostNode(name))
    const clock = (node: string): number => Date.now() / 1000 - (node === 'q-worker-0' ? 86_400 : 0)
    const status = await clusterStatus(
      fakeParts(nodes, (node, argv) =>
        asksDisk(argv)
          ? { ...done, stdout: `bootstrapped\nnone\n${Math.floor(clock(node))}\n` }
          : setUp(node, argv),
      ),
      record,
      signal,
      limitMs,
    )
    expect(status.problems.map(({ message }) => message).join()).toMatch(
      /the clock of node "q-worker-0" is 86[34]\d\d s behind/,
    )
    expect(status.problems.map(({ message }) => message).join()).not.toContain('clock of node "q-cp-0"')
  })

  test('a control plane without its disk is seen at once, and how to replace it is told', async () => {
    const record = fakeRecord({ controlPlanes: 3, workers: 2 })
    const nodes = ['q-cp-0', 'q-cp-1', 'q-cp-2', 'q-worker-0', 'q-worker-1'].map((name) => fakeHostNode(name))
    const status = await clusterStatus(
      fakeParts(nodes, (node, argv) => (node === 'q-cp-2' ? emptied : setUp)(node, argv)),
      record,
      signal,
      limitMs,
    )
    expect(status.nodes[2]).toMatchObject({
      status: 'NotReady',
      reason: 'its disk is empty: what was on it is lost',
    })
    expect(status.problems).toContainEqual({
      reason: 'DiskLost',
      object: 'node/q-cp-2',
      severity: 'warning',
      message: 'node "q-cp-2" has lost its disk and is not part of the cluster',
      hint: '`knest scale q 3:2 -n knest-q` replaces it',
    })
  })

  test('a kept cluster has disks and nothing that runs', async () => {
    const record = fakeRecord({ persistence: { enabled: true } }, { phase: 'Kept' })
    const nodes = [
      fakeHostNode('q-cp-0', {
        phase: 'pending',
        ready: false,
        ip: undefined,
        reason: 'only its disk is kept',
      }),
    ]
    const status = await clusterStatus(
      fakeParts(nodes, () => 'never'),
      record,
      signal,
      limitMs,
    )
    expect(status.phase).toBe('Kept')
    expect(status.nodes).toMatchObject([
      { status: 'NotReady', disk: 'persistent', reason: 'only its disk is kept' },
    ])
    expect(status.conditions).toMatchObject([{ type: 'Ready', status: 'False', reason: 'Kept' }])
    expect(status.problems[0]?.hint).toMatch(/create it again with the same settings/)
  })

  test.each(['Creating', 'Scaling', 'Deleting', 'Failed'] as const)('%s says how to go on', async (phase) => {
    const record = fakeRecord({}, { phase, conditions: [] })
    const status = await clusterStatus(
      fakeParts([], () => 'never'),
      record,
      signal,
      limitMs,
    )
    expect(status.phase).toBe(phase)
    expect(status.problems).toHaveLength(1)
    expect(status.problems[0]?.hint).toContain('knest ')
  })

  test('nodes that are not made yet are listed', async () => {
    const record = fakeRecord({ workers: 1 }, { phase: 'Creating', conditions: [] })
    const nodes = [fakeHostNode('q-cp-0', { ready: false })]
    const status = await clusterStatus(fakeParts(nodes, emptied), record, signal, limitMs)
    expect(status.nodes.map(({ name, reason, hostObject }) => [name, reason, hostObject])).toEqual([
      ['q-cp-0', 'not set up yet', 'q-cp-0-0'],
      ['q-worker-0', 'not made yet', undefined],
    ])
  })

  test('only the caller ends it', async () => {
    const over = AbortSignal.timeout(50)
    const parts = fakeParts([fakeHostNode('q-cp-0')], () => 'never')
    await expect(clusterStatus(parts, fakeRecord(), over, 10_000)).rejects.toThrow()
  })
})
