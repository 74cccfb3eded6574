import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import WebSocket from 'ws'
import type { KnestError } from '../errors.js'
import { answerError, connectionError, noAnswerError, parseStatus } from './api-errors.js'
import type { ApiLink } from './api-link.js'
import type { Credentials } from './credentials/credentials.js'
import { believed } from './verified.js'
import { endedBy, onAbort, openDeadline, seconds, unlessAborted } from '../signals.js'

export interface WebSocketOptions {
  readonly path: string
  readonly protocols: readonly string[]
  /** Ends the opening; what is open is the taker's. */
  readonly signal: AbortSignal
  /** As in `pod "demo/web"`; for messages. */
  readonly subject: string
  /** 30 s when absent. */
  readonly timeoutMs?: number | undefined
  /** What may be wrong when the server does not answer in time. */
  readonly silenceHint: string
}

/** Who owns an open socket: gets its failures from now on. */
export interface Taken<T> {
  readonly result: T
  onFailure(error: unknown): void
}

const openTimeoutMs = 30_000
const longestRefusal = 64 * 1024

/** The server gave none of the protocols that were asked for. Nothing was started. */
export class ProtocolRefused extends Error {}

/**
 * Opens a WebSocket of an API server. `take` gets it while it opens, before its first message. A refusal
 * rejects with the error for the server's Status.
 */
export function openWebSocket<T>(
  link: ApiLink,
  options: WebSocketOptions,
  take: (socket: WebSocket) => Taken<T>,
): Promise<T> {
  return believed(link, options, () => openLoggedIn(link, options, take))
}

async function openLoggedIn<T>(
  link: ApiLink,
  options: WebSocketOptions,
  take: (socket: WebSocket) => Taken<T>,
): Promise<T> {
  if (link.life.aborted) throw endedBy(link.life)
  // A login takes as long as it takes: no time limit but the caller's.
  const credentials = await unlessAborted(link.credentials.get(), options.signal)
  try {
    return await openAs(link, credentials, options, take)
  } catch (error) {
    if (!(error instanceof Unauthorized)) throw error
    if (!(await unlessAborted(link.credentials.renew(credentials), options.signal))) throw error.answer
    const others = await unlessAborted(link.credentials.get(), options.signal)
    return await openAs(link, others, options, take).catch((again: unknown) => {
      throw again instanceof Unauthorized ? again.answer : again
    })
  }
}

/** The server refused who we are (401), nothing was started. */
class Unauthorized extends Error {
  readonly answer: KnestError

  constructor(answer: KnestError) {
    super(answer.message)
    this.answer = answer
  }
}

async function openAs<T>(
  link: ApiLink,
  credentials: Credentials,
  options: WebSocketOptions,
  take: (socket: WebSocket) => Taken<T>,
): Promise<T> {
  const asked = link.asked(`connecting to ${options.subject}`)
  const timeoutMs = options.timeoutMs ?? openTimeoutMs
  const deadline = openDeadline(options.signal, timeoutMs, () => {
    const message = `${link.description} did not connect to ${options.subject} within ${seconds(timeoutMs)}`
    return noAnswerError(message, options.silenceHint)
  })
  try {
    const url = link.server.origin + link.server.pathname.replace(/\/$/, '') + options.path
    const socket = new WebSocket(url, [...options.protocols], {
      ...credentials.tls,
      headers: { ...(credentials.headers as Record<string, string>), 'user-agent': 'knest' },
      agent: link.socketAgent,
      perMessageDeflate: false,
      ...(link.server.protocol === 'https:' && { generateMask: withoutMask }),
    })
    return await new Promise<T>((resolve, reject) => {
      let upgraded = false
      let onFailure = (error: unknown) => {
        // Upgraded, and yet no open socket: the server chose none of the protocols.
        reject(upgraded ? new ProtocolRefused() : connectionError(error, asked))
      }
      const forget = onAbort(deadline.signal, (error) => {
        reject(error)
        socket.terminate()
      })
      socket.once('upgrade', (response) => {
        keepReading(response.socket)
        upgraded = true
      })
      socket.once('open', () => {
        forget()
        const taken = take(socket)
        onFailure = (error) => {
          taken.onFailure(error)
        }
        resolve(taken.result)
      })
      socket.once('unexpected-response', (_request, response) => {
        void readRefusal(response).then((body) => {
          forget()
          // The streaming library's answer to unknown protocols; a missing right comes as a Status.
          const unknown = response.statusCode === 403 && parseStatus(body) === undefined
          const answer = answerError(response.statusCode ?? 0, body, asked)
          if (unknown) reject(new ProtocolRefused())
          else reject(response.statusCode === 401 ? new Unauthorized(answer) : answer)
          socket.terminate()
        })
      })
      // Never removed: a socket's late errors must not end the process.
      socket.on('error', (error) => {
        forget()
        onFailure(error)
      })
    })
  } finally {
    deadline.clear()
  }
}

/**
 * What a mask guards is a proxy that takes bytes of the connection for a request (RFC 6455, section 10.3); within TLS
 * none can, and each byte would be changed in JavaScript: seconds for each GiB.
 */
function withoutMask(mask: Buffer): void {
  mask.fill(0)
}

/**
 * A command that ends without reading all of its input makes the server send the status and reset the
 * connection. Node destroys a socket whose write fails, with all it has not read yet: the exit code
 * would be lost. So failed writes are left to the reading side, which sees the end by itself.
 */
function keepReading(socket: Duplex): void {
  const write = socket._write.bind(socket)
  socket._write = (chunk, encoding, done) => {
    write(chunk, encoding, () => {
      done()
    })
  }
  const writev = socket._writev?.bind(socket)
  if (writev === undefined) return
  socket._writev = (chunks, done) => {
    writev(chunks, () => {
      done()
    })
  }
}

async function readRefusal(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of response) {
      pieces.push(piece as Buffer)
      size += (piece as Buffer).length
      if (size > longestRefusal) break
    }
  } catch {
    // The status code alone has to do.
  }
  return Buffer.concat(pieces).toString('utf8')
}
