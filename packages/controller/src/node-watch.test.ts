import { expect, test, vi } from 'vitest'
import { KnestError, onAbort } from '@knest/core'
import type { Clusters, KubeApi, KubeObject } from '@knest/core'
import { watchNodes } from './node-watch.js'

const ref = { name: 'q', namespace: 'knest-q' }
const node = (status: string): KubeObject => {
  const conditions = [{ type: 'Ready', status }]
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' }, status: { conditions } }
}

type Watched = Parameters<KubeApi['waitFor']>[2]

/** An API that says these in turn at each time it is opened, and is then away. */
function apiSaying(times: readonly (readonly string[])[]): Pick<Clusters, 'openApi'> {
  const left = [...times]
  return {
    openApi: () => {
      const states = left.shift()
      if (states === undefined) return new Promise(() => undefined)
      const waitFor = (_kind: unknown, _selector: unknown, seen: Watched): Promise<never> => {
        for (const state of states) seen([node(state)])
        return Promise.reject(new KnestError('host-unreachable', 'the API is away'))
      }
      return Promise.resolve({ waitFor, close: () => undefined } as unknown as KubeApi)
    },
  }
}

test.each([
  ['its first answer is no news', [['True']], 1],
  ['its readiness changes', [['True', 'True', 'False']], 2],
  ['it is away, and answers again as before', [['True'], ['True']], 3],
  ['it has never answered', [[], []], 0],
])('calls when the API of a cluster says something new: %s', async (_, times, calls) => {
  let called = 0
  const pauses: number[] = []
  const allPaused = new Promise<void>((resolve) => {
    const pause = (milliseconds: number): Promise<void> => {
      if (pauses.push(milliseconds) === times.length) resolve()
      return Promise.resolve()
    }
    watchNodes(apiSaying(times) as Clusters, ref, () => called++, pause)
  })
  await allPaused
  expect(called).toBe(calls)
})

test('asks an API again at once when it is told to, and else less and less often', async () => {
  let opened = 0
  const pauses: number[] = []
  const clusters = {
    openApi: () => {
      opened++
      return Promise.reject(new KnestError('host-unreachable', 'not yet'))
    },
  }
  // All but the longest are over at once.
  const pause = (milliseconds: number, signal: AbortSignal): Promise<void> => {
    pauses.push(milliseconds)
    if (milliseconds < 10_000) return Promise.resolve()
    return new Promise((_resolve, reject) => void onAbort(signal, reject))
  }
  const watch = watchNodes(clusters as Partial<Clusters> as Clusters, ref, () => undefined, pause)
  const asked = [250, 500, 1000, 2000, 4000, 8000, 10_000]
  await vi.waitFor(() => expect(pauses).toEqual(asked))
  expect(opened).toBe(7)
  watch.askAgain()
  await vi.waitFor(() => expect(pauses).toEqual([...asked, ...asked]))
  expect(opened).toBe(14)
  watch.close()
})
