import type WebSocket from 'ws'
import { KnestError } from '../errors.js'
import type { ApiLink } from './api-link.js'
import { onAbort } from '../signals.js'
import { openWebSocket } from './open-web-socket.js'
import { keepConnectionAlive } from './keep-alive.js'

export { ProtocolRefused } from './open-web-socket.js'

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

export function openChannelSocket(link: ApiLink, options: ChannelSocketOptions): Promise<ChannelSocket> {
  const { path, protocols, signal, subject } = options
  const silenceHint = 'is the kubelet of its node reachable from the API server?'
  return openWebSocket(link, { path, protocols, signal, subject, silenceHint }, (socket) => {
    const { channels, end } = takeOver(socket, link, options)
    return { result: channels, onFailure: end }
  })
}

/** From the open socket on: messages, signs of life, and exactly one end. */
function takeOver(socket: WebSocket, link: ApiLink, options: ChannelSocketOptions) {
  let ended = false
  let forget: () => void = () => undefined
  const finish = (): boolean => {
    if (ended) return false
    ended = true
    forget()
    probe.stop()
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
  const probe = keepConnectionAlive(socket, link.probe, (quietMs) => {
    end(lost(`no sign of life for ${quietMs / 1000} s`))
  })
  forget = onAbort(options.signal, end)
  socket.on('message', (data) => {
    probe.heard()
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
        probe.sent(frame.length)
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
