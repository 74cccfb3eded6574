import type { KubeApi } from '../contracts/kubernetes.js'
import type { KnestError } from '../errors.js'
import { endedWith, pause } from '../signals.js'
import { isTemporary } from './temporary.js'

const firstPauseMs = 100
const longestPauseMs = 2_000

interface GoingOnOptions {
  /** How long a request is made again; as long as its signal lets it when absent. */
  readonly limitMs?: number | undefined
  /** Called once for a request that has to be made for the third time. */
  readonly onTrouble?: (error: KnestError) => void
}

/**
 * The same API, but what may be gone when it is asked again is asked again, until the request's signal ends or the
 * limit is over; then the last failure is thrown. For requests that may be made twice: `create`, streams and commands
 * are passed on as they are.
 */
export function goingOn(api: KubeApi, options: GoingOnOptions = {}): KubeApi {
  return {
    ...api,
    apply: (object, request) => again(() => api.apply(object, request), request.signal, options),
    replace: (object, request) => again(() => api.replace(object, request), request.signal, options),
    patch: (kind, name, namespace, patch, request) =>
      again(() => api.patch(kind, name, namespace, patch, request), request.signal, options),
    get: (kind, name, namespace, signal) =>
      again(() => api.get(kind, name, namespace, signal), signal, options),
    list: (kind, request) => again(() => api.list(kind, request), request.signal, options),
    delete: (kind, name, namespace, request) =>
      again(() => api.delete(kind, name, namespace, request), request.signal, options),
    canI: (access, signal) => again(() => api.canI(access, signal), signal, options),
    // It goes on by itself once it has begun, and its own time is part of it.
    waitFor: (kind, selector, done, wait) => {
      const deadline = Date.now() + wait.timeoutMs
      const limitMs = Math.min(options.limitMs ?? Infinity, wait.timeoutMs)
      return again(
        () => api.waitFor(kind, selector, done, { ...wait, timeoutMs: Math.max(1, deadline - Date.now()) }),
        wait.signal,
        { ...options, limitMs },
      )
    },
  }
}

async function again<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  { limitMs = Infinity, onTrouble }: GoingOnOptions,
): Promise<T> {
  const deadline = Date.now() + limitMs
  let last: KnestError | undefined
  for (let tries = 1, pauseMs = firstPauseMs; ; tries++, pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted) throw endedWith(signal, last?.message, error)
      if (!isTemporary(error) || Date.now() >= deadline) throw error
      last = error as KnestError
      if (tries === 2) onTrouble?.(last)
    }
    await pause(pauseMs, signal).catch(() => {
      throw endedWith(signal, last?.message)
    })
  }
}
