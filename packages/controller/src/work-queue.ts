import type { KnestError } from '@knest/core'
import type { PlaceCount } from './fair-places.js'
import { countPlaces, createPlaces, openTurn } from './work-turn.js'
import type { WorkKind, WorkTurn } from './work-turn.js'

/** Runs one piece of work per key at a time, and a key again that was added meanwhile. */
export interface WorkQueue {
  /** As soon as there is a place for it; keys of different groups take turns. */
  add(key: string): void
  /** Not before so many milliseconds; an earlier time that was asked for stays. */
  addAfter(key: string, milliseconds: number): void
  /** Ends what runs for the key; `whenWaiting`: not before it waits for something. */
  end(key: string, reason: KnestError, options?: { readonly whenWaiting?: boolean }): void
  count(): Readonly<Record<WorkKind, PlaceCount>>
  /** Resolves when the running work has ended; nothing is begun any more. */
  stop(): Promise<void>
}

export interface WorkQueueOptions {
  /** So many of each kind are busy at the same time; who waits for something is not. */
  readonly limit: number
  /** Ends all work. */
  readonly signal: AbortSignal
  readonly groupOf: (key: string) => string
  readonly kindOf: (key: string) => 'look' | 'deletion'
  /** Must not throw. */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>
}

interface Running {
  readonly turn: WorkTurn
  readonly done: Promise<void>
  readonly begin: () => void
}

export function createWorkQueue({ limit, signal, groupOf, kindOf, work }: WorkQueueOptions): WorkQueue {
  const places = createPlaces(limit)
  const current = new Map<string, Running>()
  const again = new Set<string>()
  const timers = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>()
  let stopped = false

  const start = (key: string): void => {
    const turn = openTurn(places, groupOf(key), signal)
    let resolve: () => void
    const done = new Promise<void>((ended) => (resolve = ended)).then(() => {
      turn.close()
      current.delete(key)
      if (again.delete(key)) add(key)
    })
    const begin = (): void => turn.begin(kindOf(key), () => void work(key, turn.signal).finally(resolve))
    current.set(key, { turn, done, begin })
    begin()
  }
  const drop = (key: string): void => {
    clearTimeout(timers.get(key)?.timer)
    timers.delete(key)
  }
  const add = (key: string): void => {
    if (stopped) return
    drop(key)
    const running = current.get(key)
    if (running === undefined) start(key)
    else if (running.turn.hasBegun()) again.add(key)
    // What waits as a look may be a deletion now.
    else running.begin()
  }
  return {
    add,
    addAfter: (key, milliseconds) => {
      const at = performance.now() + milliseconds
      const planned = timers.get(key)
      if (stopped || (planned !== undefined && planned.at <= at)) return
      drop(key)
      timers.set(key, { at, timer: setTimeout(() => add(key), milliseconds) })
    },
    end: (key, reason, options) => {
      const running = current.get(key)
      if (running?.turn.hasBegun() === true) running.turn.end(reason, options)
    },
    count: () => countPlaces(places),
    stop: async () => {
      stopped = true
      for (const key of [...timers.keys()]) drop(key)
      again.clear()
      for (const { turn } of current.values()) if (!turn.hasBegun()) turn.close()
      await Promise.allSettled(
        [...current.values()].filter(({ turn }) => turn.hasBegun()).map(({ done }) => done),
      )
    },
  }
}
