import { endedBy, openDeadline, pause, seconds, unlessAborted, KnestError } from '@knest/core'
import type { Duplex } from 'node:stream'
import { connectSsh, SshRefused, type SshIdentity, type SshLimits } from './connect.js'
import { holdConnection, type SshConnection } from './connection.js'

/** The way to one node: how to dial it and whom to expect there. */
export interface SshRoute {
  /** Known once the node's Secret has been read. */
  identity(signal: AbortSignal): Promise<SshIdentity>
  /** One try. Rejects with what `worthRetrying` judges. */
  dial(signal: AbortSignal): Promise<Duplex>
  /** True when a failed try says nothing about the next. */
  worthRetrying(error: KnestError): boolean
  /** What is known of a node that could not be reached all the time, as a sentence part. */
  explain(signal: AbortSignal): Promise<string | undefined>
}

export interface SessionLimits extends SshLimits {
  /** For all tries together. */
  readonly reachMs: number
}

const firstPauseMs = 250
const longestPauseMs = 2_000

/**
 * The one connection of a node that all its commands share: opened when first needed, again when lost.
 * It is closed with the host's API client, on which it runs.
 */
export class SshSession {
  readonly #route: SshRoute
  readonly #limits: SessionLimits
  #current: Promise<SshConnection> | undefined
  #waiting = 0
  #giveUp = new AbortController()

  constructor(route: SshRoute, limits: SessionLimits) {
    this.#route = route
    this.#limits = limits
  }

  /** Rejects with `timeout` when the node cannot be reached within the limit, with SshRefused at once. */
  async connect(signal: AbortSignal): Promise<SshConnection> {
    const open = await this.#share(signal)
    if (!open.closed) return open
    this.#current = undefined
    return this.#share(signal)
  }

  /** Forgets the connection; the node is gone. */
  end(): void {
    this.#current?.then(
      (connection) => connection.end(),
      () => undefined,
    )
    this.#current = undefined
  }

  /** Callers wait for one attempt together; it is given up when the last of them does. */
  async #share(signal: AbortSignal): Promise<SshConnection> {
    if (this.#current === undefined) {
      this.#giveUp = new AbortController()
      const attempt = this.#reach(this.#giveUp.signal)
      attempt.catch(() => {
        if (this.#current === attempt) this.#current = undefined
      })
      this.#current = attempt
    }
    this.#waiting += 1
    try {
      return await unlessAborted(this.#current, signal)
    } finally {
      this.#waiting -= 1
      if (this.#waiting === 0 && signal.aborted) this.#giveUp.abort(endedBy(signal))
    }
  }

  async #reach(signal: AbortSignal): Promise<SshConnection> {
    const identity = await this.#route.identity(signal)
    const { reachMs } = this.#limits
    let last: KnestError | undefined
    const deadline = openDeadline(signal, reachMs, () => {
      const seen = last === undefined ? 'nothing' : last.message
      const message = `${identity.subject} could not be reached over SSH within ${seconds(reachMs)}; last seen: ${seen}`
      return new KnestError('timeout', message, { cause: last, hint: last?.hint })
    })
    try {
      for (let wait = firstPauseMs; ; wait = Math.min(wait * 2, longestPauseMs)) {
        try {
          const stream = await this.#route.dial(deadline.signal)
          const client = await connectSsh(stream, identity, this.#limits, deadline.signal)
          return holdConnection(client, identity.subject)
        } catch (error) {
          if (deadline.signal.aborted || !(error instanceof KnestError)) throw error
          if (error instanceof SshRefused || !this.#route.worthRetrying(error)) throw error
          last = error
        }
        await pause(wait, deadline.signal)
      }
    } catch (error) {
      throw await this.#explained(error, signal)
    } finally {
      deadline.clear()
    }
  }

  async #explained(error: unknown, signal: AbortSignal): Promise<unknown> {
    if (!(error instanceof KnestError) || error.code !== 'timeout' || signal.aborted) return error
    const why = await this.#route.explain(signal).catch(() => undefined)
    if (why === undefined) return error
    return new KnestError('timeout', `${error.message}; ${why}`, { cause: error.cause, hint: error.hint })
  }
}
