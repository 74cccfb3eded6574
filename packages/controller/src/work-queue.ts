/** Runs one piece of work per key at a time, and a key again that was added meanwhile. */
export interface WorkQueue {
  /** As soon as a worker is free. */
  add(key: string): void
  /** Not before so many milliseconds; an earlier time that was asked for stays. */
  addAfter(key: string, milliseconds: number): void
  /** Resolves when the running work has ended; nothing is begun any more. */
  stop(): Promise<void>
}

export interface WorkQueueOptions {
  readonly workers: number
  /** Must not throw. */
  readonly work: (key: string) => Promise<void>
}

export function createWorkQueue({ workers, work }: WorkQueueOptions): WorkQueue {
  const waiting = new Set<string>()
  const running = new Map<string, Promise<void>>()
  const timers = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>()
  let stopped = false

  const next = (): void => {
    for (const key of waiting) {
      if (stopped || running.size >= workers) return
      if (running.has(key)) continue
      waiting.delete(key)
      const done = work(key).finally(() => {
        running.delete(key)
        next()
      })
      running.set(key, done)
    }
  }
  const drop = (key: string): void => {
    clearTimeout(timers.get(key)?.timer)
    timers.delete(key)
  }
  const add = (key: string): void => {
    if (stopped) return
    drop(key)
    waiting.add(key)
    next()
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
    stop: async () => {
      stopped = true
      for (const key of [...timers.keys()]) drop(key)
      waiting.clear()
      await Promise.allSettled(running.values())
    },
  }
}
