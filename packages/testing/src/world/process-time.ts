import crypto, { webcrypto } from 'node:crypto'
import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import timers from 'node:timers/promises'
import tls from 'node:tls'
import type { Clock } from './clock.js'
import { quickCryptography, quickLibrary } from './quick-cryptography.js'
import type { Random } from './random.js'

type Undo = () => void

/**
 * Gives this process the time and the chance of a world: timers, dates, random numbers and ids follow from clock
 * and seed, keys come from a small stock, and nothing is reached over a network. Gives the way back.
 */
export function liveIn(clock: Clock, random: Random): Undo {
  const undo: Undo[] = []
  const set = (target: object, name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(target, name)
    Object.defineProperty(target, name, { value, configurable: true, writable: true })
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, name)
      else Object.defineProperty(target, name, before)
    })
  }
  const bytes = (count: number): Buffer =>
    Buffer.from(Array.from({ length: count }, () => random.between(0, 255)))
  const uuid = (): string => {
    const hex = bytes(16).toString('hex')
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
  }

  const timer = virtualTimers(clock)
  for (const name of ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const)
    set(globalThis, name, timer[name])
  set(timers, 'setTimeout', timer.delay)
  set(globalThis, 'Date', virtualDate(clock))
  set(performance, 'now', () => clock.now - clock.startedAt)
  set(AbortSignal, 'timeout', timer.limit)
  set(Math, 'random', () => random.next())
  set(globalThis.crypto, 'randomUUID', uuid)
  set(crypto, 'randomUUID', uuid)
  set(crypto, 'randomBytes', bytes)
  set(os, 'hostname', () => 'world')
  set(fs, 'readFileSync', withBootId(fs.readFileSync))
  set(net, 'connect', () => unreachable(clock))
  set(tls, 'connect', () => unreachable(clock))
  for (const [name, value] of Object.entries(quickLibrary())) set(crypto, name, value)
  for (const [name, work] of Object.entries(quickCryptography))
    set(webcrypto.subtle, name, (...given: unknown[]) => clock.external(1, work(...given)))
  syncBuiltinESMExports()
  return () => {
    for (const back of undo.reverse()) back()
    syncBuiltinESMExports()
  }
}

/** The machine has been started once, whatever it is. */
function withBootId(real: typeof fs.readFileSync): (...given: Parameters<typeof fs.readFileSync>) => unknown {
  return (path, options) => (path === '/proc/sys/kernel/random/boot_id' ? 'world' : real(path, options))
}

function virtualTimers(clock: Clock) {
  const clear = (handle: unknown): void => {
    if (handle instanceof VirtualTimer) handle.cancel()
  }
  const limit = (ms: number): AbortSignal => {
    const controller = new AbortController()
    clock.plan(ms, () =>
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    )
    return controller.signal
  }
  const delay = (
    ms = 1,
    value?: unknown,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        planned.cancel()
        const error = new Error('The operation was aborted', { cause: signal?.reason })
        reject(Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' }))
      }
      const planned = clock.plan(ms, () => {
        signal?.removeEventListener('abort', abort)
        resolve(value)
      })
      if (signal?.aborted === true) abort()
      else signal?.addEventListener('abort', abort, { once: true })
    })
  return {
    setTimeout: (run: (...args: unknown[]) => void, ms = 1, ...args: unknown[]) =>
      new VirtualTimer(clock, () => run(...args), ms, false),
    setInterval: (run: (...args: unknown[]) => void, ms = 1, ...args: unknown[]) =>
      new VirtualTimer(clock, () => run(...args), ms, true),
    clearTimeout: clear,
    clearInterval: clear,
    limit,
    delay,
  }
}

class VirtualTimer {
  readonly #plan: () => void
  #cancelled = false
  /** Which of its plans counts. */
  #turn = 0

  constructor(clock: Clock, run: () => void, ms: number, repeats: boolean) {
    this.#plan = () => {
      const turn = this.#turn
      clock.plan(Math.max(1, ms), () => {
        if (this.#cancelled || turn !== this.#turn) return
        if (repeats) this.#plan()
        run()
      })
    }
    this.#plan()
  }

  /** Begins to wait anew. */
  refresh(): this {
    this.#turn++
    this.#plan()
    return this
  }

  cancel(): void {
    this.#cancelled = true
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }
}

function virtualDate(clock: Clock): DateConstructor {
  return new Proxy(Date, {
    construct: (real, given: unknown[], called) =>
      Reflect.construct(real, given.length === 0 ? [clock.now] : given, called) as Date,
    get: (real, name, receiver) =>
      name === 'now' ? () => clock.now : (Reflect.get(real, name, receiver) as unknown),
  })
}

/** A connection that nobody answers. */
function unreachable(clock: Clock): EventEmitter {
  const socket = new EventEmitter()
  const end = (): EventEmitter => socket
  Object.assign(socket, { setTimeout: end, destroy: end, end })
  clock.plan(5, () => {
    const error = new Error('connect ECONNREFUSED')
    if (socket.listenerCount('error') > 0)
      socket.emit('error', Object.assign(error, { code: 'ECONNREFUSED' }))
  })
  return socket
}
