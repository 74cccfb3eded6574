import { setMaxListeners } from 'node:events'
import { KnestError } from './errors.js'

/** A signal with a time limit. Its reason is always a KnestError. Clear or stop it when the work has ended. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Forgets the parent and the limit; the signal stays as it is. */
  clear(): void
  /** Ends what is still going on under the signal. */
  stop(): void
}

// The longest a Node timer can wait; longer ones would fire at once.
const longestTimer = 2 ** 31 - 1

/** A timer that comes later than this is one of a process that was stopped. */
const lateMs = 1_000
const mostLateMs = 5_000
/** A process that is late ever again is no longer one that was stopped: every wait has an end. */
const mostGraces = 3

/**
 * Calls `over` after `timeoutMs`, unless the function it returns was called. A process that was stopped and goes on
 * runs its timers first: what others have answered in the meantime is read before their time counts as over.
 */
export function startLimit(timeoutMs: number, over: () => void): () => void {
  return startLimitWith(mostGraces, timeoutMs, over)
}

function startLimitWith(graces: number, timeoutMs: number, over: () => void): () => void {
  const due = performance.now() + timeoutMs
  let stop = (): void => {
    clearTimeout(timer)
  }
  const timer = setTimeout(
    () => {
      if (graces === 0 || performance.now() - due <= lateMs) over()
      else stop = startLimitWith(graces - 1, Math.min(timeoutMs, mostLateMs), over)
    },
    Math.min(timeoutMs, longestTimer),
  )
  return () => {
    stop()
  }
}

/** Ends with `parent`, or after `timeoutMs` with the error `timedOut` makes then. */
export function openDeadline(parent: AbortSignal, timeoutMs: number, timedOut: () => KnestError): Deadline {
  const controller = new AbortController()
  const forgetLimit = startLimit(timeoutMs, () => {
    controller.abort(timedOut())
  })
  const forget = onAbort(parent, (error) => {
    controller.abort(error)
  })
  const clear = () => {
    forgetLimit()
    forget()
  }
  return {
    signal: inherit(controller.signal, [parent]),
    clear,
    stop: () => {
      clear()
      controller.abort(new KnestError('cancelled', 'no longer needed'))
    },
  }
}

/** Why an aborted signal ended the work, as the error to throw. */
export function endedBy(signal: AbortSignal): KnestError {
  const reason: unknown = signal.reason
  if (reason instanceof KnestError) return reason
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new KnestError('timeout', 'the time limit is over', { cause: reason })
  }
  return new KnestError('cancelled', 'cancelled', { cause: reason })
}

/**
 * The error to throw when a signal ended work that had seen something: a time limit says that, since that it is over
 * helps nobody. Whoever cancelled is told nothing else. `thrown`: what the work ended with, if it says more.
 */
export function endedWith(signal: AbortSignal, seen: string | undefined, thrown?: unknown): KnestError {
  const reason = endedBy(signal)
  if (reason.code !== 'timeout') return reason
  if (thrown instanceof KnestError && thrown !== reason && thrown.code === 'timeout') return thrown
  return seen === undefined ? reason : new KnestError('timeout', seen, { hint: reason.hint, cause: reason })
}

/** Calls `action` once on abort, at once when already aborted. Gives the function that forgets it. */
export function onAbort(signal: AbortSignal, action: (error: KnestError) => void): () => void {
  const listener = () => {
    action(endedBy(signal))
  }
  // One signal rules a whole command with many requests at a time; Node 20 warns of more than ten.
  setMaxListeners(0, signal)
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true })
  return () => {
    signal.removeEventListener('abort', listener)
  }
}

/** For work that takes no signal: the result is no longer waited for after an abort. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const forget = onAbort(signal, reject)
    work.then(resolve, reject).finally(forget)
  })
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const slept = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  return unlessAborted(slept, signal).finally(() => {
    clearTimeout(timer)
  })
}

/** As in `30 s` or `0.5 s`. */
export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}

const combined = new WeakSet<AbortSignal>()
const hold = (): void => undefined

/** Aborts when any of them does, AbortSignal.timeout too. Many waits listen to it at once, which is no leak. */
export function anySignal(...signals: readonly AbortSignal[]): AbortSignal {
  // Node 20 collects a limit that nobody listens to together with its timer, and AbortSignal.any does not listen.
  for (const each of signals) if (!combined.has(each)) each.addEventListener('abort', hold, { once: true })
  const signal = AbortSignal.any([...signals])
  combined.add(signal)
  setMaxListeners(0, signal, ...signals)
  return inherit(signal, signals)
}

type WriteGuard = () => Promise<void>

/** The place of one piece of work among others that share a machine; work that waits leaves it to them. */
export interface Turn {
  /** Gives the place away. The function that it returns ends the wait, and resolves when there is a place again. */
  wait(): () => Promise<void>
  /** Resolves when this work has a place, waits for something, or was ended. */
  ready(): Promise<void>
}

interface Carried {
  readonly guards: readonly WriteGuard[]
  readonly turn?: Turn | undefined
}

/** What goes from a signal to those that `anySignal` and `openDeadline` make of it. */
const carried = new WeakMap<AbortSignal, Carried>()

/** Has `guard` asked before each write under this signal, or one that `anySignal` or `openDeadline` made of it. */
export function guardWrites(signal: AbortSignal, guard: WriteGuard): AbortSignal {
  const { guards = [], turn } = carried.get(signal) ?? {}
  carried.set(signal, { guards: [...guards, guard], turn })
  return signal
}

/** To be awaited before a write: throws when the signal is aborted, also by what its guards find out now. */
export async function beforeWrite(signal: AbortSignal): Promise<void> {
  for (const guard of carried.get(signal)?.guards ?? []) await guard()
  if (signal.aborted) throw endedBy(signal)
}

/** All work under this signal, or one that `anySignal` or `openDeadline` made of it, has this one place. */
export function takeTurns(signal: AbortSignal, turn: Turn): AbortSignal {
  carried.set(signal, { guards: carried.get(signal)?.guards ?? [], turn })
  return signal
}

/** To be called when work under the signal begins to wait for others; what it returns, when the wait has ended. */
export function beginWait(signal: AbortSignal): () => Promise<void> {
  return carried.get(signal)?.turn?.wait() ?? (() => Promise.resolve())
}

/** To be awaited before a piece of work that keeps machines busy. */
export async function awaitTurn(signal: AbortSignal): Promise<void> {
  await carried.get(signal)?.turn?.ready()
}

function inherit(signal: AbortSignal, from: readonly AbortSignal[]): AbortSignal {
  const all = from.flatMap((each) => carried.get(each) ?? [])
  const turn = all.find((each) => each.turn !== undefined)?.turn
  if (all.length > 0) carried.set(signal, { guards: all.flatMap(({ guards }) => guards), turn })
  return signal
}
