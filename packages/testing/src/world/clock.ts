/** Takes back what was planned. Absent or past is fine. */
export interface Planned {
  readonly cancel: () => void
}

interface Entry {
  readonly at: number
  readonly order: number
  run: (() => void | Promise<void>) | undefined
}

// The real one: the world's own turns are not virtual.
const realSetImmediate = setImmediate

/**
 * Virtual time: a queue of what happens when. Nothing happens beside it: after each entry every promise that
 * can go on has gone on before the next is taken, so that the order follows from the times alone.
 */
export class Clock {
  now: number
  readonly startedAt: number
  #queue: Entry[] = []
  #order = 0

  constructor(startedAt: number) {
    this.now = startedAt
    this.startedAt = startedAt
  }

  plan(delayMs: number, run: () => void | Promise<void>): Planned {
    const at = this.now + Math.max(0, Number.isFinite(delayMs) ? delayMs : 0)
    const entry: Entry = { at, order: this.#order++, run }
    this.#push(entry)
    return { cancel: () => (entry.run = undefined) }
  }

  /** Resolves after so many virtual milliseconds. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.plan(ms, resolve))
  }

  /** The result of real work (cryptography): it arrives at its virtual time, however long it took. */
  external<T>(ms: number, work: Promise<T>): Promise<T> {
    const settled = work.then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error
      },
    )
    return new Promise((resolve, reject) => {
      this.plan(ms, async () => {
        const give = await settled
        try {
          resolve(give())
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    })
  }

  /** Lets time pass until nothing is planned, `isOver` says so, or the time has come. Gives the steps made. */
  async run(isOver: () => boolean, untilMs = Infinity): Promise<number> {
    let steps = 0
    await settle()
    while (!isOver()) {
      const next = this.#queue[0]
      if (next === undefined || next.at > untilMs) break
      this.#pop()
      if (next.run === undefined) continue
      this.now = next.at
      const ended = next.run()
      if (ended !== undefined) await ended
      await settle()
      steps++
    }
    if (untilMs !== Infinity && !isOver()) this.now = Math.max(this.now, untilMs)
    return steps
  }

  #push(entry: Entry): void {
    const heap = this.#queue
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, entry)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#queue
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const [one, other] = [heap[left], heap[left + 1]]
      if (one === undefined) break
      const child = other !== undefined && isBefore(other, one) ? left + 1 : left
      const below = heap[child]
      if (below === undefined || isBefore(last, below)) break
      heap[index] = below
      index = child
    }
    heap[index] = last
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

/** Every promise and every `nextTick` that can go on has gone on. */
function settle(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve))
}
