import type { KindRef, KubeObject, WaitOptions } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { ApiLink } from './api-link.js'
import { beginWait, endedWith, openDeadline, seconds } from '../signals.js'
import { watchObjects } from './watch.js'

/** Resolves with the objects as soon as `done` accepts them. What `done` throws ends the wait, too. */
export async function waitForObjects(
  link: ApiLink,
  path: string,
  query: Readonly<Record<string, string>>,
  kind: KindRef,
  done: (objects: readonly KubeObject[]) => boolean,
  options: WaitOptions<readonly KubeObject[]>,
): Promise<readonly KubeObject[]> {
  let seen: readonly KubeObject[] | undefined
  let interruption: KnestError | undefined
  const lastSeen = (): string => {
    const last = seen === undefined ? 'nothing' : options.describe(seen)
    return interruption === undefined ? last : `${last} (now ${interruption.message})`
  }
  const deadline = openDeadline(options.signal, options.timeoutMs, () => {
    const message = `waited ${seconds(options.timeoutMs)} for ${options.awaited}; last seen: ${lastSeen()}`
    return new KnestError('timeout', message, { cause: interruption })
  })
  const onInterruption = (error: KnestError | undefined) => {
    interruption = error
  }
  let endWait: (() => Promise<void>) | undefined
  try {
    for await (const items of watchObjects(link, { path, query, signal: deadline.signal, onInterruption })) {
      // Items of a list come without apiVersion and kind.
      const objects = items.map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind }))
      seen = objects
      if (done(objects)) return objects
      endWait ??= beginWait(options.signal)
    }
    throw new Error('a watch does not end by itself')
  } catch (error) {
    // The time of the whole command is over: what it waited for is what its user must know.
    if (options.signal.aborted) throw endedWith(options.signal, `${options.awaited}: ${lastSeen()}`)
    throw error
  } finally {
    deadline.stop()
    await endWait?.()
  }
}
