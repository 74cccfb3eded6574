import type { Writable } from 'node:stream'

/** What can be told to wait. */
export interface Pausable {
  pause(): void
  resume(): void
}

/** Passes bytes on to a stream that is somebody else's. */
export interface Sink {
  write(data: Uint8Array): void
  /** Resolves when the stream has taken all that was written. */
  taken(): Promise<void>
  /** No more is written. Later errors are for the stream's owner. */
  release(): void
}

/** Lets `source` wait while `target` is full. `onFault` is told, once, that the target takes no more. */
export function openSink(target: Writable, source: Pausable, onFault: (error: Error) => void): Sink {
  let pending = 0
  let isFull = false
  let fault: Error | undefined
  let isReleased = false
  let whenTaken: (() => void) | undefined
  const fail = (error: Error): void => {
    if (fault !== undefined) return
    fault = error
    target.off('drain', onDrain)
    onFault(error)
  }
  const onDrain = (): void => {
    if (!isFull) return
    isFull = false
    source.resume()
  }
  const write = (data: Uint8Array, done: (error: Error | null | undefined) => void): boolean => {
    try {
      return target.write(data, done)
    } catch (error) {
      // Node 20's standard output does so when it is a file.
      done(error instanceof Error ? error : new Error(String(error)))
      return true
    }
  }
  target.on('error', fail)
  target.on('drain', onDrain)
  return {
    write: (data) => {
      if (fault !== undefined || isReleased || data.length === 0) return
      pending += 1
      const hasRoom = write(data, (error) => {
        pending -= 1
        if (error) fail(error)
        else if (pending === 0) whenTaken?.()
      })
      if (hasRoom || isFull) return
      isFull = true
      source.pause()
    },
    taken: () =>
      pending === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            whenTaken = resolve
          }),
    release: () => {
      isReleased = true
      target.off('drain', onDrain)
      // Node tells a failed write twice: the event comes after the callback and needs a listener.
      if (fault === undefined) target.off('error', fail)
    },
  }
}

/** For outputs that share one source: it goes on when nobody lets it wait any more. */
export function sharePause(source: Pausable): Pausable & { readonly paused: boolean } {
  let waiting = 0
  return {
    get paused() {
      return waiting > 0
    },
    pause: () => {
      waiting += 1
      if (waiting === 1) source.pause()
    },
    resume: () => {
      waiting -= 1
      if (waiting === 0) source.resume()
    },
  }
}
