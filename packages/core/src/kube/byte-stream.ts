import { Duplex } from 'node:stream'
import type WebSocket from 'ws'
import type { ByteStreamOptions } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { ApiLink } from './api-link.js'
import { onAbort } from '../signals.js'
import { openWebSocket, ProtocolRefused } from './open-web-socket.js'
import { keepConnectionAlive } from './keep-alive.js'

/** Pieces this large keep what waits in memory small, and a slow peer's pings answered. */
const piece = 32 * 1024

/** A WebSocket whose messages are nothing but the bytes of a stream, as KubeVirt's subresources have them. */
export async function openByteStream(
  link: ApiLink,
  path: string,
  { protocol, subject, timeoutMs }: ByteStreamOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  const silenceHint = 'the API server answers, but what serves this path does not; run the command again'
  const options = { path, protocols: [protocol], signal, subject, timeoutMs, silenceHint }
  try {
    return await openWebSocket(link, options, (socket) => {
      const stream = new ByteStream(socket, link, subject, signal)
      return {
        result: stream,
        onFailure: (error) => {
          stream.fail('the socket failed', error)
        },
      }
    })
  } catch (error) {
    if (!(error instanceof ProtocolRefused)) throw error
    const message = `${link.description} does not speak ${protocol} for ${subject}`
    throw new KnestError('prerequisite', message, { cause: error })
  }
}

class ByteStream extends Duplex {
  readonly #socket: WebSocket
  readonly #subject: string
  readonly #pulse: ReturnType<typeof keepConnectionAlive>
  readonly #forget: () => void

  constructor(socket: WebSocket, link: ApiLink, subject: string, signal: AbortSignal) {
    // There is no half-close on a WebSocket: who ends one side ends both.
    super({ allowHalfOpen: false })
    this.#socket = socket
    this.#subject = subject
    this.#pulse = keepConnectionAlive(socket, link.probe, (quietMs) => {
      this.fail(`no sign of life for ${quietMs / 1000} s`)
    })
    const forgetSignal = onAbort(signal, (error) => this.destroy(error))
    const forgetLife = onAbort(link.life, (error) => this.destroy(error))
    this.#forget = () => {
      forgetSignal()
      forgetLife()
    }
    // Its late errors must not end the process; who uses it sees it close.
    this.on('error', () => undefined)
    socket.on('message', (data) => {
      this.#pulse.heard()
      // binaryType is nodebuffer, so it is one Buffer.
      if (!this.push(data)) socket.pause()
    })
    socket.on('close', (code) => {
      this.#onClose(code)
    })
  }

  /** KubeVirt ends every stream without a close frame (1006), also when the far side has just closed. */
  #onClose(code: number): void {
    this.#pulse.stop()
    const inOrder = code === 1000 || code === 1005 || code === 1006
    if (inOrder) this.push(null)
    else this.fail(`closed with code ${code}`)
  }

  fail(why: string, cause?: unknown): void {
    const message = `the connection to ${this.#subject} was lost: ${why}`
    this.destroy(new KnestError('host-unreachable', message, { cause, hint: 'run the command again' }))
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk).then(
      () => {
        done()
      },
      () => {
        // The end itself shows on the reading side, after what was sent before it.
        done()
      },
    )
  }

  async #send(chunk: Buffer): Promise<void> {
    for (let from = 0; from < chunk.length; from += piece) {
      const part = chunk.subarray(from, from + piece)
      this.#pulse.sent(part.length)
      await new Promise<void>((resolve, reject) => {
        this.#socket.send(part, { binary: true }, (error) => {
          if (error) reject(error)
          else resolve()
        })
      })
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.close()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#pulse.stop()
    this.#forget()
    this.#socket.terminate()
    done(error)
  }
}
