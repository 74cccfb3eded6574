import type { ClientRequest } from 'node:http'
import { startLimit } from '../signals.js'
import type { ApiLink } from './api-link.js'

/** A kept connection gave no answer: it may have died without a word while nobody used it. */
export class SilentConnection extends Error {
  readonly code = 'ECONNRESET'
}

/**
 * Ends a request that a kept connection does not answer soon, so that it can be made again on a new one: the others
 * that are idle are no better and go, too. Gives the function that leaves it alone.
 */
export function distrustKept(link: ApiLink, sent: ClientRequest): () => void {
  let forget = (): void => undefined
  sent.once('socket', () => {
    if (!sent.reusedSocket) return
    forget = startLimit(link.keptQuietMs, () => {
      for (const idle of Object.values(link.agent.freeSockets).flat()) idle?.destroy()
      sent.destroy(new SilentConnection('a kept connection does not answer'))
    })
  })
  return () => {
    forget()
  }
}
