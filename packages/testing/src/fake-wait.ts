import { KnestError, openDeadline, seconds, unlessAborted } from '@knest/core'
import type { KubeObject, WaitOptions } from '@knest/core'

/** Waits as a watch does: looks now and after every change, until `done` accepts what it sees. */
export async function waitForObjects(
  look: () => readonly KubeObject[],
  listeners: Set<() => void>,
  done: (objects: readonly KubeObject[]) => boolean,
  options: WaitOptions<readonly KubeObject[]>,
): Promise<readonly KubeObject[]> {
  let seen: readonly KubeObject[] = []
  let onChange: () => void = () => undefined
  const found = new Promise<readonly KubeObject[]>((resolve, reject) => {
    onChange = () => {
      try {
        seen = look()
        if (done(seen)) resolve(seen)
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
  })
  const deadline = openDeadline(options.signal, options.timeoutMs, () => {
    const last = options.describe(seen)
    const message = `waited ${seconds(options.timeoutMs)} for ${options.awaited}; last seen: ${last}`
    return new KnestError('timeout', message)
  })
  listeners.add(onChange)
  onChange()
  try {
    return await unlessAborted(found, deadline.signal)
  } finally {
    listeners.delete(onChange)
    deadline.clear()
  }
}
