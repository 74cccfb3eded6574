import { endedBy, onAbort } from '@knest/core'

/** Rings for one listener; what rings before it listens is heard then, once. */
export interface Bell {
  ring(): void
  /** Resolves at the next ring, or after so many milliseconds; rejects when the signal ends it. */
  heard(milliseconds: number | undefined, signal: AbortSignal): Promise<void>
}

export function createBell(): Bell {
  let isRung = false
  let wake: (() => void) | undefined
  return {
    ring: () => {
      isRung = true
      wake?.()
    },
    heard: async (milliseconds, signal) => {
      if (signal.aborted) throw endedBy(signal)
      if (!isRung)
        await new Promise<void>((resolve, reject) => {
          const timer = milliseconds === undefined ? undefined : setTimeout(() => wake?.(), milliseconds)
          const stop = onAbort(signal, (reason) => {
            clearTimeout(timer)
            reject(reason)
          })
          wake = () => {
            clearTimeout(timer)
            stop()
            resolve()
          }
        })
      wake = undefined
      isRung = false
    },
  }
}
