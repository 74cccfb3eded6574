import type { KindRef, KubeObject, WaitOptions } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { ApiLink } from './api-link.js'
import { openDeadline, seconds } from '../signals.js'
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
  const deadline = openDeadline(options.signal, options.timeoutMs, () => {
    const last = seen === undefined ? 'nothing' : options.describe(seen)
    const trouble = interruption === undefined ? '' : ` (now ${interruption.message})`
    const message = `waited ${seconds(options.timeoutMs)} for ${options.awaited}; last seen: ${last}${trouble}`
    return new KnestError('timeout', message, { cause: interruption })
  })
  const onInterruption = (error: KnestError | undefined) => {
    interruption = error
  }
  try {
    for await (const items of watchObjects(link, { path, query, signal: deadline.signal, onInterruption })) {
      // Items of a list come without apiVersion and kind.
      const objects = items.map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind }))
      seen = objects
      if (done(objects)) return objects
    }
    throw new Error('a watch does not end by itself')
  } finally {
    deadline.stop()
  }
}
