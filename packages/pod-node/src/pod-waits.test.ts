import { KnestError } from '@knest/core'
import type { KubeApi, KubeObject } from '@knest/core'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { unschedulableHint } from './pod-waits.js'
import { waitForPod } from './wait-for-pod.js'

const cluster = { name: 'q', namespace: 'team' }

function pod(status: object): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'q-cp-0-0', uid: '1' }, status }
}

const container = (name: string, state: object): object => ({ name, ready: false, restartCount: 0, state })
const waits = (reason: string, message = ''): KubeObject =>
  pod({ phase: 'Pending', containerStatuses: [container('node', { waiting: { reason, message } })] })
const runs = pod({ phase: 'Running', containerStatuses: [container('node', { running: {} })] })
const unscheduled = (message: string): KubeObject =>
  pod({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
  })

interface Seen {
  readonly at: number
  readonly pod: KubeObject
}

/** What is told, and how the wait ends, on a host that shows these pods at these seconds. */
async function wait(seen: readonly Seen[], events: readonly KubeObject[] = []) {
  const notes: string[] = []
  const { signal } = new AbortController()
  const api: Partial<KubeApi> = {
    get: () => Promise.resolve(seen.at(-1)?.pod),
    list: () => Promise.resolve(events),
    waitFor: ({ kind }, _selector, done, options) =>
      new Promise((resolve, reject) => {
        const { timeoutMs, awaited, signal: until } = options
        const timers = [
          ...(kind === 'Pod' ? seen : []).map(({ at, pod: shown }) =>
            setTimeout(() => {
              if (done([shown])) resolve([shown])
            }, at * 1000),
          ),
          setTimeout(() => {
            const last = seen.map((each) => each.pod).slice(-1)
            reject(
              new KnestError('timeout', `waited for ${awaited}; last seen: ${options.describe(last)}`, {
                hint: 'h',
              }),
            )
          }, timeoutMs),
        ]
        until.addEventListener('abort', () => {
          timers.forEach((timer) => {
            clearTimeout(timer)
          })
        })
      }),
  }
  const started = Date.now()
  const ended = waitForPod(
    api as KubeApi,
    cluster,
    'q-cp-0',
    () => Promise.resolve(undefined),
    signal,
    (text) => notes.push(text),
  ).then(
    () => ({ result: 'runs', hint: undefined }),
    (error: unknown) => ({ result: (error as KnestError).message, hint: (error as KnestError).hint }),
  )
  await vi.runAllTimersAsync()
  const { result, hint } = await ended
  return { result, hint, notes, seconds: (Date.now() - started) / 1000 }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const refused = 'dial tcp 192.0.2.7:443: connect: connection refused'
const backOff = (why: string): string => `Back-off pulling image "r.test/n:1": ErrImagePull: ${why}`

it('waits for a registry that is away, and tells it once', async () => {
  const { result, notes } = await wait([
    { at: 1, pod: waits('ErrImagePull', refused) },
    { at: 2, pod: waits('ImagePullBackOff', backOff(refused)) },
    { at: 100, pod: waits('ErrImagePull', refused) },
    { at: 200, pod: runs },
  ])
  expect(result).toBe('runs')
  expect(notes).toEqual([`pod "q-cp-0-0" waits: ErrImagePull: ${refused}`])
})

it('waits for a second try of an image that is not there', async () => {
  const { result } = await wait([
    { at: 1, pod: waits('ErrImagePull', 'n: not found') },
    { at: 5, pod: runs },
  ])
  expect(result).toBe('runs')
})

it.each([
  ['is not there', 'ErrImagePull', 'r.test/n:1: not found', 16, /make the node image available/],
  ['may not be pulled', 'ErrImagePull', 'pull access denied', 16, /make the node image available/],
  ['has no name', 'InvalidImageName', 'invalid reference format', 1, /make the node image available/],
  [
    'does not come, nobody knows why',
    'ErrImagePull',
    'lookup r.test: no such host',
    61,
    /must reach the image's registry/,
  ],
])('ends soon when the image %s', async (_title, reason, message, seconds, hint) => {
  const ended = await wait([
    { at: 1, pod: waits(reason, message) },
    {
      at: 2,
      pod:
        reason === 'InvalidImageName' ? waits(reason, message) : waits('ImagePullBackOff', backOff(message)),
    },
  ])
  expect(ended).toMatchObject({ seconds, hint: expect.stringMatching(hint) as string })
  expect(ended.result).toMatch(new RegExp(`node "q-cp-0" cannot start: .*${message}$`))
})

it('remembers why where the kubelet does not repeat it', async () => {
  const ended = await wait([
    { at: 1, pod: waits('ErrImagePull', 'n: not found') },
    { at: 2, pod: waits('ImagePullBackOff', 'Back-off pulling image "n"') },
  ])
  expect(ended.seconds).toBe(16)
  const passing = await wait([
    { at: 1, pod: waits('ErrImagePull', refused) },
    { at: 2, pod: waits('ImagePullBackOff', 'Back-off pulling image "n"') },
    { at: 250, pod: runs },
  ])
  expect(passing.result).toBe('runs')
})

it('tells a container that others have put before the node as theirs', async () => {
  const before = container('a-proxy', { waiting: { reason: 'ErrImagePull', message: 'p: not found' } })
  const shown = pod({
    phase: 'Pending',
    initContainerStatuses: [before],
    containerStatuses: [container('node', { waiting: { reason: 'PodInitializing' } })],
  })
  const { result, hint } = await wait([{ at: 1, pod: shown }])
  expect(result).toBe(
    'node "q-cp-0" cannot start: container "a-proxy", which knest did not make: ErrImagePull: p: not found',
  )
  expect(hint).toMatch(/admission webhook.*namespace "team"/)
  expect(hint).not.toContain('--image')
})

it('says while it waits what the scheduler says, and in the end once, with what helps', async () => {
  const message = '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate'
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e' },
    involvedObject: { uid: '1' },
    reason: 'FailedScheduling',
    message,
  }
  const ended = await wait([{ at: 1, pod: unscheduled(message) }], [event])
  expect(ended.notes).toEqual([`pod "q-cp-0-0" waits: Unschedulable: ${message}`])
  expect(ended.result.split(message)).toHaveLength(2)
  expect(ended.hint).toMatch(/make room on the host/)
})

it.each([
  ['1 Insufficient memory', /make room/],
  ['1 node(s) had untolerated taint {dedicated: infra}', /taint.*toleration/],
  ['2 node(s) were unschedulable', /kubectl uncordon/],
  ["1 node(s) didn't match Pod's node affinity/selector", /label a node/],
  ['pod has unbound immediate PersistentVolumeClaims', /--storage-class/],
  ['1 Too many pods', /full of pods/],
  ['1 Insufficient cpu, 1 node(s) were unschedulable', /make room.*; or .*uncordon/],
  ['something new', /kubectl describe nodes/],
])('%s', (message, hint) => {
  expect(unschedulableHint(`Unschedulable: 0/2 nodes are available: ${message}.`)).toMatch(hint)
})
