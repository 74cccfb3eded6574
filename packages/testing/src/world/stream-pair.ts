import { Duplex } from 'node:stream'
import type { Clock } from './clock.js'

const travelMs = 2

/** One end of a byte stream. What is written arrives at the other a moment later, in one piece with what follows. */
class End extends Duplex {
  other: End | undefined
  readonly #clock: Clock
  readonly #isHeard: () => boolean
  #coming: Buffer[] = []
  #isCut = false

  constructor(clock: Clock, isHeard: () => boolean) {
    super({ allowHalfOpen: false })
    this.#clock = clock
    this.#isHeard = isHeard
    // Its late errors must not end the process; who uses it sees it close.
    this.on('error', () => undefined)
  }

  /** Nothing arrives any more, and nobody is told. */
  cut(): void {
    this.#isCut = true
  }

  arrive(chunk: Buffer): void {
    this.#coming.push(chunk)
    if (this.#coming.length > 1) return
    this.#clock.plan(travelMs, () => {
      const bytes = Buffer.concat(this.#coming.splice(0))
      if (this.#takes()) this.push(bytes)
    })
  }

  /** The other end is closed: after all that was on its way. */
  finish(): void {
    this.#clock.plan(travelMs, () => {
      if (this.#takes()) this.push(null)
    })
  }

  #takes(): boolean {
    return !this.#isCut && !this.destroyed && !this.readableEnded && this.#isHeard()
  }

  override _read(): void {
    // What comes is pushed.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.#isCut) this.other?.arrive(chunk)
    done()
  }

  override _final(done: () => void): void {
    if (!this.#isCut) this.other?.finish()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#isCut) this.other?.finish()
    done(error)
  }
}

export interface StreamPair {
  readonly client: Duplex
  readonly server: Duplex
  /** Ends both; silent: neither hears of it, as when power or a cable is gone. */
  readonly cut: (silently: boolean) => void
}

/** A byte stream through the host. A client that is dead hears nothing. */
export function openStreamPair(clock: Clock, isClientAlive: () => boolean): StreamPair {
  const client = new End(clock, isClientAlive)
  const server = new End(clock, () => true)
  client.other = server
  server.other = client
  return {
    client,
    server,
    cut: (silently) => {
      if (silently) for (const end of [client, server]) end.cut()
      else server.destroy()
    },
  }
}
