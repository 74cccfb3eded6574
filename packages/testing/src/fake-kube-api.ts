import { endedBy } from '@knest/core'
import type { KindRef, KubeApi, KubeObject } from '@knest/core'
import { waitForObjects } from './fake-wait.js'
import { answerPath } from './world/paths.js'
import { Store, type Writer } from './world/store.js'

export interface FakeKind extends KindRef {
  /** Its `status` is written by the subresource alone, as with most kinds of the real API. */
  readonly statusSubresource?: boolean
}

export interface FakeKubeApi extends KubeApi {
  /** Calls back after every change: an object as it is now, or the last state of a deleted one. */
  onChange(listener: (object: KubeObject, deleted: boolean) => void): void
}

const clusterWide = new Set([
  'Namespace',
  'Node',
  'PersistentVolume',
  'StorageClass',
  'CustomResourceDefinition',
])
const somebody: Writer = { name: 'a test', isKnest: false }

/**
 * Stands in for the objects of a Kubernetes API: the store of the simulated world, so that clients that race see what
 * they would see of a real one. Serves the kinds it is told, in any namespace; runs nothing, and lets go of what is
 * deleted at once. Passes the same contract suite as the real one.
 */
export function createFakeKubeApi(kinds: readonly FakeKind[]): FakeKubeApi {
  const waiting = new Set<() => void>()
  let uids = 0
  const store = new Store({
    kinds: kinds.map(({ statusSubresource = false, ...kind }) => ({
      ...kind,
      hasStatus: statusSubresource,
      isClusterWide: clusterWide.has(kind.kind),
    })),
    now: Date.now,
    uid: () => `uid-${++uids}`,
    isHeld: () => false,
  })
  store.onChange(() => {
    for (const look of [...waiting]) look()
  })
  /** Answers after a turn of the event loop, so that concurrent callers interleave; nobody shares an object. */
  const answer = async <T>(signal: AbortSignal, work: () => T): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve))
    if (signal.aborted) throw endedBy(signal)
    return structuredClone(work())
  }

  return {
    description: 'memory',
    apply: (object, { signal, dryRun }) => answer(signal, () => store.apply(somebody, object, dryRun)),
    create: (object, { signal, dryRun }) => answer(signal, () => store.create(somebody, object, dryRun)),
    replace: (object, { signal }) => answer(signal, () => store.replace(somebody, object)),
    get: (kind, name, namespace, signal) => answer(signal, () => store.get(kind, name, namespace)),
    list: (kind, { signal, ...selector }) => answer(signal, () => store.list(kind, selector)),
    delete: (kind, name, namespace, { signal, preconditions }) =>
      answer(signal, () => store.delete(somebody, kind, name, namespace, preconditions)),
    canI: (_access, signal) => answer(signal, () => true),
    patch: (kind, name, namespace, patch, { signal, subresource }) =>
      answer(signal, () => store.patch(somebody, kind, name, namespace, patch, subresource)),
    waitFor: async (kind, selector, done, options) => {
      await new Promise((resolve) => setImmediate(resolve))
      return waitForObjects(() => structuredClone(store.list(kind, selector)), waiting, done, options)
    },
    raw: (path, signal, request) => answer(signal, () => answerPath(store, somebody, path, request)),
    onChange: (listener) => store.onChange(({ after, isGone }) => listener(structuredClone(after), isGone)),
    exec: unsupported,
    terminal: unsupported,
    forward: unsupported,
    openStream: unsupported,
    close: () => undefined,
  }
}

function unsupported(): Promise<never> {
  return Promise.reject(new Error('the fake Kubernetes API only stores objects'))
}
