/** One of a limited number of places, or a claim to one. */
export interface Place {
  /** Gives it back, or gives up waiting for it. Repeatable. */
  release(): void
}

/** A limited number of places for which groups take turns, however many of a group wait. */
export interface FairPlaces {
  /** Calls `given` as soon as there is a place, at once where there is one now. */
  take(group: string, given: (place: Place) => void): Place
  /** A place for who goes on anyway: it counts also where that makes more than the limit. */
  takeAnyway(): Place
  count(): PlaceCount
}

export interface PlaceCount {
  readonly waiting: number
  readonly taken: number
  /** How long the one has waited that waits longest. */
  readonly oldestMs: number
}

interface Claim {
  readonly since: number
  readonly grant: () => void
}

export function createFairPlaces(limit: number): FairPlaces {
  /** By group, the one whose turn comes next first. */
  const waiting = new Map<string, Set<Claim>>()
  let taken = 0

  const occupied = (): Place => {
    let isHeld = true
    taken++
    return {
      release: () => {
        if (!isHeld) return
        isHeld = false
        taken--
        grantNext()
      },
    }
  }
  const grantNext = (): void => {
    while (taken < limit) {
      const [next] = waiting
      if (next === undefined) return
      const [group, claims] = next
      const [claim] = claims
      if (claim !== undefined) claims.delete(claim)
      waiting.delete(group)
      if (claims.size > 0) waiting.set(group, claims)
      claim?.grant()
    }
  }
  const withdraw = (group: string, claim: Claim): void => {
    const claims = waiting.get(group)
    claims?.delete(claim)
    if (claims?.size === 0) waiting.delete(group)
  }
  return {
    take: (group, given) => {
      let place: Place | undefined
      const claim: Claim = {
        since: performance.now(),
        grant: () => {
          place = occupied()
          given(place)
        },
      }
      waiting.set(group, (waiting.get(group) ?? new Set()).add(claim))
      grantNext()
      return { release: () => (place === undefined ? withdraw(group, claim) : place.release()) }
    },
    takeAnyway: occupied,
    count: () => {
      const claims = [...waiting.values()].flatMap((group) => [...group])
      const oldest = Math.min(...claims.map(({ since }) => since))
      return {
        waiting: claims.length,
        taken,
        oldestMs: claims.length === 0 ? 0 : performance.now() - oldest,
      }
    },
  }
}
