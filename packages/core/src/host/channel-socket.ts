import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import WebSocket from 'ws'
import { KnestError } from '../errors.js'
import { answerError, connectionError, parseStatus } from './api-errors.js'
import type { ApiLink, Pulse } from './api-link.js'
import { onAbort, openDeadline, unlessAborted } from './deadline.js'

/** A WebSocket whose messages begin with a channel number: exec and port-forward of Kubernetes. */
export interface ChannelSocket {
  /** The subprotocol the server chose. */
  readonly protocol: string
  /** Resolves when the bytes have left this process; one at a time keeps memory bounded. */
  send(channel: number, data: Uint8Array): Promise<void>
  /** The peer has to wait while we are paused. */
  pause(): void
  resume(): void
  /** Ends it at once, without `onEnd`. */
  close(): void
}

export interface ChannelSocketOptions {
  readonly path: string
  readonly protocols: readonly string[]
  /** Ends the socket, too: `onEnd` is told why. */
  readonly signal: AbortSignal
  /** As in `pod "demo/web"`; for messages. */
  readonly subject: string
  onMessage(channel: number, data: Buffer): void
  /** Once, when an opened socket has ended; undefined when the server closed it in order. */
  onEnd(error: KnestError | undefined): void
}

const openTimeoutMs = 30_000
const longestRefusal = 64 * 1024

/** The server gave none of the protocols that were asked for. Nothing was started. */
export class ProtocolRefused extends Error {}

export async function openChannelSocket(
  link: ApiLink,
  options: ChannelSocketOptions,
): Promise<ChannelSocket> {
  const asked = link.asked(`connecting to ${options.subject}`)
  const deadline = openDeadline(options.signal, openTimeoutMs, () => {
    const message = `${link.description} did not connect to ${options.subject} within ${openTimeoutMs / 1000} s`
    return new KnestError('timeout', message, {
      hint: 'is the kubelet of its node reachable from the API server?',
    })
  })
  try {
    const { headers, agent, ...credentials } = await unlessAborted(link.credentials(), deadline.signal)
    const url = link.server.origin + link.server.pathname.replace(/\/$/, '') + options.path
    const socket = new WebSocket(url, [...options.protocols], {
      ...credentials,
      headers: { ...headers, 'user-agent': 'knest' },
      agent: agent ?? link.socketAgent,
      perMessageDeflate: false,
    })
    return await new Promise<ChannelSocket>((resolve, reject) => {
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
        const { channels, end } = takeOver(socket, link, options)
        onFailure = end
        resolve(channels)
      })
      socket.once('unexpected-response', (_request, response) => {
        void readRefusal(response).then((body) => {
          forget()
          // The streaming library's answer to unknown protocols; a missing right comes as a Status.
          const unknown = response.statusCode === 403 && parseStatus(body) === undefined
          reject(unknown ? new ProtocolRefused() : answerError(response.statusCode ?? 0, body, asked))
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

/** From the open socket on: messages, signs of life, and exactly one end. */
function takeOver(socket: WebSocket, link: ApiLink, options: ChannelSocketOptions) {
  let ended = false
  let forget: () => void = () => undefined
  const finish = (): boolean => {
    if (ended) return false
    ended = true
    forget()
    pulse.stop()
    socket.terminate()
    return true
  }
  const end = (error: unknown) => {
    const known = error instanceof KnestError || error === undefined
    if (finish()) options.onEnd(known ? error : lost('the socket failed', error))
  }
  const lost = (why: string, cause?: unknown) =>
    new KnestError('host-unreachable', `the connection to ${options.subject} was lost: ${why}`, {
      cause,
      hint: 'check the pod and the network to the API server, then run the command again',
    })
  const pulse = keepPulse(socket, link.pulse, (quietMs) => {
    end(lost(`no sign of life for ${quietMs / 1000} s`))
  })
  forget = onAbort(options.signal, end)
  socket.on('message', (data) => {
    pulse.heard()
    // binaryType is nodebuffer, so it is one Buffer.
    const message = data as Buffer
    const channel = message[0]
    if (!ended && channel !== undefined) options.onMessage(channel, message.subarray(1))
  })
  socket.on('close', (code) => {
    // 1005: closed in order without a code.
    end(
      code === 1000 || code === 1005
        ? undefined
        : lost(code === 1006 ? 'cut off' : `closed with code ${code}`),
    )
  })
  const channels: ChannelSocket = {
    protocol: socket.protocol,
    send: (channel, data) =>
      new Promise((resolve, reject) => {
        const frame = Buffer.allocUnsafe(data.length + 1)
        frame[0] = channel
        frame.set(data, 1)
        pulse.sent(frame.length)
        socket.send(frame, { binary: true }, (error) => {
          if (error) reject(error)
          else resolve()
        })
      }),
    pause: () => {
      socket.pause()
    },
    resume: () => {
      socket.resume()
    },
    close: () => void finish(),
  }
  return { channels, end }
}

/**
 * Pings the peer and reports when it has been quiet for too long. A peer that is busy handing our
 * bytes to a slow reader cannot answer pings (API servers and kubelets read pings and data in one
 * loop), so it gets more time while bytes of ours are unanswered.
 */
function keepPulse(socket: WebSocket, limits: Pulse, onQuiet: (quietMs: number) => void) {
  // What fits in the buffers of a peer that still answers.
  const harmless = 4096
  let heardAt = performance.now()
  let sentBytes = 0
  let answeredBytes = 0
  const heard = () => {
    heardAt = performance.now()
  }
  const timer = setInterval(() => {
    // Nothing can be heard while we do not read.
    if (socket.isPaused) heard()
    const limitMs = sentBytes - answeredBytes > harmless ? limits.stalledMs : limits.quietMs
    if (performance.now() - heardAt > limitMs) onQuiet(limitMs)
    else if (socket.readyState === WebSocket.OPEN) socket.ping(String(sentBytes))
  }, limits.everyMs)
  socket.on('pong', (data) => {
    heard()
    answeredBytes = Math.max(answeredBytes, Number(data.toString()) || 0)
  })
  socket.on('ping', heard)
  return {
    heard,
    sent: (bytes: number) => {
      sentBytes += bytes
    },
    stop: () => {
      clearInterval(timer)
    },
  }
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
