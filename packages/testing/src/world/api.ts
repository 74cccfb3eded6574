import { beforeWrite, endedBy, KnestError, onAbort, openDeadline, seconds } from '@knest/core'
import type { KindRef, KubeApi, KubeObject, PodExecOptions, PodRef, WaitOptions } from '@knest/core'
import type { Duplex } from 'node:stream'
import type { Clock } from './clock.js'
import { accessToPath, answerPath } from './paths.js'
import type { Random } from './random.js'
import type { Change, Store, Writer } from './store.js'

/** What a call meets on its way. `lost`: it was carried out, and the answer did not come. */
export type Mishap = 'reset' | 'lost' | 'busy' | 'failing' | 'slow'

/** A process that makes calls; what it does after its end reaches nobody, and nobody answers it. */
export interface Caller extends Writer {
  readonly isDead: () => boolean
  /** How far its clock is ahead of that of the world. */
  readonly skewMs: number
  /** Asked once a call: what becomes of it. */
  readonly mishap: (call: string) => Mishap | undefined
}

export interface ServerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly description: string
  /** The store, or throws why nobody answers now. */
  readonly store: () => Store
  readonly watches: Watches
  /** Throws what the server has against a call of this caller. */
  readonly authorize?: (call: string) => void
  /** Whether this caller may do that. Absent: everything. */
  readonly mayI?: (store: Store, access: Parameters<KubeApi['canI']>[0]) => boolean
  readonly exec?: (pod: PodRef, argv: readonly string[], options: PodExecOptions) => Promise<number>
  readonly openStream?: KubeApi['openStream']
}

/** Open watches of one server, so that they can be cut. */
export class Watches {
  readonly #open = new Set<(change: Change | undefined) => void>()

  follow(store: Store): void {
    store.onChange((change) => {
      for (const tell of [...this.#open]) tell(change)
    })
  }

  /** Connection lost, or 410: either way whoever watches lists again. Gives how many there were. */
  cut(): number {
    for (const tell of [...this.#open]) tell(undefined)
    return this.#open.size
  }

  open(tell: (change: Change | undefined) => void): () => void {
    this.#open.add(tell)
    return () => this.#open.delete(tell)
  }
}

/** A Kubernetes API as one process sees it: each call takes its time both ways and may meet a mishap. */
export function openWorldApi(caller: Caller, options: ServerOptions): KubeApi {
  const { clock, random, description, store, watches } = options
  const streams = new Set<Duplex>()
  const isRead = (what: string): boolean => /^(get|list|watch|raw) /.test(what)
  const call = async <T>(what: string, signal: AbortSignal, work: (store: Store) => T): Promise<T> => {
    if (!isRead(what)) await beforeWrite(signal)
    return send(what, signal, work)
  }
  const send = <T>(what: string, signal: AbortSignal, work: (store: Store) => T): Promise<T> => {
    const there = random.between(1, 8)
    const back = random.between(1, 8)
    const mishap = caller.isDead() ? undefined : caller.mishap(what)
    return new Promise<T>((resolve, reject) => {
      if (caller.isDead()) return
      if (signal.aborted) {
        reject(endedBy(signal))
        return
      }
      const forget = onAbort(signal, reject)
      const answer = (give: () => void): void => {
        clock.plan(mishap === 'slow' ? back + 6_000 : back, () => {
          forget()
          if (!caller.isDead()) give()
        })
      }
      const refuse = (message: string): void =>
        answer(() => reject(new KnestError('host-unreachable', `${description}: ${message}`)))
      // core asks again for what the server did not take (429), and for what only reads.
      const reads = isRead(what)
      const again = mishap === 'busy' ? 1_000 : reads && (mishap === 'reset' || mishap === 'lost') ? 200 : 0
      clock.plan(there + again + (mishap === 'slow' ? 4_000 : 0), () => {
        if (mishap === 'reset' && !reads) refuse('the connection was closed')
        else if (mishap === 'failing') refuse('the API server answered 500')
        else
          try {
            const served = store()
            options.authorize?.(what)
            const value = work(served)
            if (mishap === 'lost' && !reads) refuse('the connection was closed')
            else answer(() => resolve(value))
          } catch (error) {
            answer(() => reject(error instanceof Error ? error : new Error(String(error))))
          }
      })
    })
  }
  const whole = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`
  const within = (namespace: string | undefined): string => (namespace === undefined ? '' : ` ${namespace}/`)
  const named = ({ kind, metadata }: KubeObject): string =>
    `${kind} ${whole(metadata.namespace, metadata.name)}`

  return {
    description,
    apply: (object, { signal, dryRun }) =>
      call(`apply ${named(object)}`, signal, (at) => at.apply(caller, object, dryRun)),
    create: (object, { signal, dryRun }) =>
      call(`${dryRun === true ? 'try' : 'create'} ${named(object)}`, signal, (at) =>
        at.create(caller, timed(object, caller.skewMs), dryRun),
      ),
    replace: (object, { signal }) =>
      call(`replace ${named(object)}`, signal, (at) => at.replace(caller, timed(object, caller.skewMs))),
    patch: (kind, name, namespace, patch, { signal, subresource }) =>
      call(
        `patch ${kind.kind} ${whole(namespace, name)}${subresource === undefined ? '' : `/${subresource}`}${seen(patch)}`,
        signal,
        (at) => at.patch(caller, kind, name, namespace, patch, subresource),
      ),
    get: (kind, name, namespace, signal) =>
      call(`get ${kind.kind} ${whole(namespace, name)}`, signal, (at) => {
        const found = at.get(kind, name, namespace)
        return found === undefined ? undefined : timed(found, -caller.skewMs)
      }),
    list: (kind, { signal, ...selector }) =>
      call(`list ${kind.kind}${within(selector.namespace)}`, signal, (at) => at.list(kind, selector)),
    delete: (kind, name, namespace, { signal, preconditions, gracePeriodSeconds }) =>
      call(`delete ${kind.kind} ${whole(namespace, name)}`, signal, (at) =>
        at.delete(caller, kind, name, namespace, preconditions, gracePeriodSeconds),
      ),
    waitFor: (kind, selector, done, wait) => watch(kind, selector, done, wait),
    raw: (path, signal, request = { method: 'GET' as const }) =>
      call(`${request.method === 'GET' ? 'raw' : request.method} ${path}`, signal, (at) => {
        const access = accessToPath(path, request.method)
        const isRefused = access !== undefined && options.mayI?.(at, access) === false
        return isRefused ? { status: 403, body: '' } : answerPath(at, caller, path, request)
      }),
    canI: (access, signal) =>
      call('create SelfSubjectAccessReview', signal, (at) => options.mayI?.(at, access) ?? true),
    exec: async (pod, argv, given) => {
      await call(`exec ${whole(pod.namespace, pod.name)}`, given.signal, () => undefined)
      if (options.exec === undefined) throw new Error('nothing runs here')
      return options.exec(pod, argv, given)
    },
    terminal: unsupported,
    forward: unsupported,
    openStream: async (path, given, signal) => {
      await call(`stream ${path.replace(/^.*\/namespaces\//, '')}`, signal, () => undefined)
      if (options.openStream === undefined) return unsupported()
      const stream = await options.openStream(path, given, signal)
      streams.add(stream)
      stream.once('close', () => streams.delete(stream))
      return stream
    },
    close: () => {
      for (const stream of streams) stream.destroy()
    },
  }

  /** As core's watch: a list that must succeed, then changes; a watch that is cut lists again. */
  async function watch(
    kind: KindRef,
    selector: Parameters<KubeApi['waitFor']>[1],
    done: (objects: readonly KubeObject[]) => boolean,
    wait: WaitOptions<readonly KubeObject[]>,
  ): Promise<readonly KubeObject[]> {
    let seen: readonly KubeObject[] = []
    const limit = openDeadline(wait.signal, wait.timeoutMs, () => {
      const last = wait.describe(seen)
      return new KnestError(
        'timeout',
        `waited ${seconds(wait.timeoutMs)} for ${wait.awaited}; last seen: ${last}`,
      )
    })
    const asked = `watch ${kind.kind}${within(selector.namespace)}`
    let isStale = false
    let wake: () => void = () => undefined
    let isAwake = false
    const rouse = (): void => {
      isAwake = true
      wake()
    }
    const close = watches.open((change) => {
      if (change === undefined) isStale = true
      else if (change.after.kind !== kind.kind) return
      clock.plan(random.between(1, 20), rouse)
    })
    try {
      for (let isFirst = true; ; isFirst = false) {
        isAwake = false
        try {
          const read = (at: Store): readonly KubeObject[] => at.list(kind, selector)
          // What a watch tells has come already; only a list is a call that can fail.
          seen = isFirst || isStale ? await call(asked, limit.signal, read) : read(store())
          isStale = false
          if (done(seen)) return seen
        } catch (error) {
          if (isFirst || limit.signal.aborted || !mayPass(error)) throw error
          isStale = true
          clock.plan(1_000, rouse)
        }
        await new Promise<void>((resolve, reject) => {
          const forget = onAbort(limit.signal, reject)
          wake = () => {
            if (caller.isDead()) return
            forget()
            resolve()
          }
          if (isAwake) wake()
        })
      }
    } finally {
      close()
      limit.clear()
    }
  }
}

/** The times of a Lease as another clock tells them. */
function timed(object: KubeObject, aheadMs: number): KubeObject {
  if (object.kind !== 'Lease' || aheadMs === 0) return object
  const moved = Object.entries(object.spec as object).map(([name, value]) => [
    name,
    name.endsWith('Time') ? new Date(Date.parse(String(value)) + aheadMs).toISOString() : (value as unknown),
  ])
  return { ...object, spec: Object.fromEntries(moved) as object }
}

function mayPass(error: unknown): boolean {
  return error instanceof KnestError && (error.code === 'host-unreachable' || error.code === 'timeout')
}

function unsupported(): Promise<never> {
  return Promise.reject(new Error('the world has no such streams'))
}

/** A patch that names the version it was made of fails when somebody wrote since. */
function seen(patch: unknown): string {
  const { metadata } = patch as { readonly metadata?: { readonly resourceVersion?: string } }
  return metadata?.resourceVersion === undefined ? '' : ` as of ${metadata.resourceVersion}`
}
