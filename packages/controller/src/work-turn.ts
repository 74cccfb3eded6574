import { anySignal, takeTurns } from '@knest/core'
import type { KnestError, Turn } from '@knest/core'
import { createFairPlaces } from './fair-places.js'
import type { FairPlaces, Place, PlaceCount } from './fair-places.js'

/**
 * What a piece of work is: a look at a cluster; what a look has found to be done, which takes longer; the deletion
 * of a cluster. Each kind has places of its own, so that none waits for another.
 */
export type WorkKind = 'look' | 'work' | 'deletion'

/** A look that takes longer is work. */
const longestLookMs = 5_000
/** Who is busy for longer without a wait hangs, or is slow for reasons that are its own: it keeps nobody else waiting. */
const longestBusyMs = 120_000

export type Places = Readonly<Record<WorkKind, FairPlaces>>

export function createPlaces(limit: number): Places {
  return { look: createFairPlaces(limit), work: createFairPlaces(limit), deletion: createFairPlaces(limit) }
}

export function countPlaces(places: Places): Readonly<Record<WorkKind, PlaceCount>> {
  return { look: places.look.count(), work: places.work.count(), deletion: places.deletion.count() }
}

export interface WorkTurn {
  /** Of the work; carries its turn to every wait in it. */
  readonly signal: AbortSignal
  readonly hasBegun: () => boolean
  /** Calls `begun` when the work has a place, at once where there is one. Again: of another kind, before it has begun. */
  begin(kind: 'look' | 'deletion', begun: () => void): void
  /** Ends the work; `whenWaiting`: what is done now is done first, and the next wait for something is none. */
  end(reason: KnestError, options?: { readonly whenWaiting?: boolean }): void
  /** The work has ended. */
  close(): void
}

/** The turns of one piece of work: it has a place while it does something, and none while it waits. */
export function openTurn(places: Places, group: string, parent: AbortSignal): WorkTurn {
  const ended = new AbortController()
  let kind: WorkKind = 'look'
  let place: Place | undefined
  let timer: NodeJS.Timeout | undefined
  let hasBegun = false
  let waits = 0
  /** While it waits for a place. */
  let pending: Promise<void> | undefined
  let grant: (() => void) | undefined
  let endAtWait: KnestError | undefined

  const leave = (): void => {
    clearTimeout(timer)
    place?.release()
    place = undefined
    grant?.()
    grant = undefined
    pending = undefined
  }
  const limit = (milliseconds: number, action: () => void): void => {
    clearTimeout(timer)
    timer = setTimeout(action, milliseconds)
    timer.unref()
  }
  const occupied = (): void => {
    if (kind !== 'look') {
      limit(longestBusyMs, leave)
      return
    }
    limit(longestLookMs, () => {
      leave()
      kind = 'work'
      place = places.work.takeAnyway()
      limit(longestBusyMs, leave)
    })
  }
  const takeAgain = (): void => {
    if (kind === 'look') kind = 'work'
    pending = new Promise((resolve) => (grant = resolve))
    place = places[kind].take(group, (held) => {
      place = held
      occupied()
      grant?.()
      grant = undefined
      pending = undefined
    })
  }
  const turn: Turn = {
    wait: () => {
      if (waits++ === 0) leave()
      if (endAtWait !== undefined) ended.abort(endAtWait)
      let isOver = false
      return async () => {
        if (isOver) return
        isOver = true
        if (--waits === 0 && !signal.aborted) takeAgain()
        await pending
      }
    },
    ready: async () => pending,
  }
  const signal = takeTurns(anySignal(parent, ended.signal), turn)
  signal.addEventListener('abort', leave, { once: true })
  return {
    signal,
    hasBegun: () => hasBegun,
    begin: (asked, begun) => {
      if (place !== undefined && kind === asked) return
      leave()
      kind = asked
      place = places[kind].take(group, (held) => {
        place = held
        hasBegun = true
        occupied()
        begun()
      })
    },
    end: (reason, { whenWaiting = false } = {}) => {
      if (whenWaiting && waits === 0) endAtWait = reason
      else ended.abort(reason)
    },
    close: () => {
      leave()
      signal.removeEventListener('abort', leave)
    },
  }
}
