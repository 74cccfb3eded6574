import { afterEach, expect, test, vi } from 'vitest'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { awaitNodes } from './await-ready.js'

afterEach(() => vi.useRealTimers())

const waiting = { reason: 'ErrImagePull', message: 'registry.test: no such host' }
const objects: readonly KubeObject[] = [
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'q-cp-0' },
    status: { conditions: [{ type: 'Ready', status: 'False', message: 'cni plugin not initialized' }] },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'calico-node', namespace: 'calico-system' },
    status: { desiredNumberScheduled: 1, numberReady: 0 },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'calico-node-x', namespace: 'calico-system' },
    spec: { nodeName: 'q-cp-0', containers: [{ name: 'calico-node', image: 'registry.test/node:1' }] },
    status: {
      containerStatuses: [{ name: 'calico-node', ready: false, restartCount: 0, state: { waiting } }],
    },
  },
]

interface Waiting {
  readonly describe: (nodes: readonly KubeObject[]) => string
  readonly signal: AbortSignal
}

/** Waits until told to end, and says then what was seen last. */
function createApi(): { readonly api: KubeApi; readonly asked: string[]; readonly end: () => void } {
  const asked: string[] = []
  let end = (): void => undefined
  const list = ({ kind }: KindRef, { namespace }: { namespace?: string }): Promise<readonly KubeObject[]> => {
    asked.push(kind)
    const isMeant = ({ kind: found, metadata }: KubeObject): boolean =>
      found === kind && (namespace ?? metadata.namespace) === metadata.namespace
    return Promise.resolve(objects.filter(isMeant))
  }
  const waitFor = (
    _kind: KindRef,
    _selector: object,
    _done: unknown,
    { describe, signal }: Waiting,
  ): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
      end = () => reject(new Error(describe(objects.filter(({ kind }) => kind === 'Node'))))
    })
  return { api: { list, waitFor } as unknown as KubeApi, asked, end: () => end() }
}

const wait = { timeoutMs: 300_000, signal: new AbortController().signal }

test('names the image that keeps nodes from being Ready, once that takes long', async () => {
  vi.useFakeTimers()
  const { api, end } = createApi()
  const ended = expect(awaitNodes(api, ['q-cp-0'], wait)).rejects.toThrow(
    '"q-cp-0" is not Ready: cni plugin not initialized; "calico-node" on "q-cp-0" has no image "registry.test/node:1": ErrImagePull: registry.test: no such host',
  )
  await vi.advanceTimersByTimeAsync(26_000)
  end()
  await ended
})

test('asks for nothing else while nodes come up as they should', async () => {
  vi.useFakeTimers()
  const { api, asked, end } = createApi()
  const ended = expect(awaitNodes(api, ['q-cp-0'], wait)).rejects.toThrow('cni plugin not initialized')
  await vi.advanceTimersByTimeAsync(24_000)
  end()
  await ended
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual([])
})

test('ends the wait at what no waiting cures', async () => {
  vi.useFakeTimers()
  const { api } = createApi()
  const full = new KnestError('prerequisite', 'etcd is full')
  const fault = (): Promise<KnestError> => Promise.resolve(full)
  const ended = expect(awaitNodes(api, ['q-cp-0'], { ...wait, fault })).rejects.toBe(full)
  await vi.advanceTimersByTimeAsync(26_000)
  await ended
})
