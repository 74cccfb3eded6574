import { setTimeout as delay } from 'node:timers/promises'
import type { KubeApi } from 'knest'

const pauseMs = 100
/** A write of etcd waits for its disk, which on a slow machine is busy with what fills it. */
const patienceMs = 20_000

export interface Asker {
  /** Ends the asking; gives how often it was answered, and what was said or happened each other time. */
  stop(): Promise<{ readonly answers: number; readonly failures: readonly string[] }>
}

/** Asks an API server all the time, with a write that etcd must take. */
export function startAsker(api: KubeApi, name: string): Asker {
  const ending = new AbortController()
  const failures: string[] = []
  let answers = 0
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'asked', namespace: 'default' } }
  const asking = (async () => {
    for (let count = 0; !ending.signal.aborted; count++) {
      try {
        await api.apply(
          { ...object, data: { count: String(count) } },
          { signal: AbortSignal.timeout(patienceMs) },
        )
        answers += 1
      } catch (error) {
        failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      }
      // Nothing tells of the moment in which an API server does not answer.
      await delay(pauseMs, undefined, { signal: ending.signal }).catch(() => undefined)
    }
  })()
  return {
    stop: async () => {
      ending.abort()
      await asking
      return { answers, failures }
    },
  }
}
