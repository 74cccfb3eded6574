import { Duplex } from 'node:stream'
import type { PodRef } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { ApiLink } from './api-link.js'
import { openChannelSocket, ProtocolRefused, type ChannelSocket } from './channel-socket.js'
import { podText } from './exec.js'
import { objectPath } from './resources.js'

// Served by the kubelet's streaming library in every Kubernetes knest knows; newer API servers pass it on.
const protocol = 'v4.channel.k8s.io'
const dataChannel = 0
const errorChannel = 1
/** Each channel begins with a message that repeats the port. */
const portBytes = 2
const piece = 32 * 1024

/**
 * A byte stream to a TCP port of a pod, on a WebSocket of its own. The signal ends the stream, too. A
 * port nobody listens on shows as an error of the stream, soon after it was opened.
 *
 * The protocol cannot say "no more bytes from me": after `end()` the stream stays readable until the
 * pod closes its side, or has sent nothing for 10 seconds.
 */
export async function forwardToPod(
  link: ApiLink,
  pod: PodRef,
  port: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const subject = `port ${port} of ${podText(pod)}`
  const pods = { plural: 'pods', namespaced: true }
  const path = objectPath({ apiVersion: 'v1', kind: 'Pod' }, pods, pod.namespace, pod.name, 'portforward')
  const stream = new PodStream(subject)
  try {
    const socket = await openChannelSocket(link, {
      path: `${path}?ports=${port}`,
      protocols: [protocol],
      signal,
      subject,
      onMessage: (from, data) => {
        stream.onMessage(from, data)
      },
      onEnd: (error) => {
        stream.onSocketEnd(error)
      },
    })
    stream.start(socket)
    return stream
  } catch (error) {
    stream.destroy()
    if (!(error instanceof ProtocolRefused)) throw error
    const message = `${link.description} does not forward ports over WebSocket`
    throw new KnestError('prerequisite', message, { cause: error })
  }
}

const lingerMs = 10_000

class PodStream extends Duplex {
  readonly #subject: string
  readonly #waiting = new Map([
    [dataChannel, portBytes],
    [errorChannel, portBytes],
  ])
  #socket: ChannelSocket | undefined
  #complaint = ''
  #linger: NodeJS.Timeout | undefined
  #ended = false
  #failedEarly: KnestError | undefined

  constructor(subject: string) {
    super({ allowHalfOpen: true })
    this.#subject = subject
  }

  /** Throws when the socket has already failed: nobody could listen for the stream's error yet. */
  start(socket: ChannelSocket): void {
    this.#socket = socket
    if (this.#failedEarly !== undefined) throw this.#failedEarly
  }

  onMessage(channel: number, data: Buffer): void {
    const waiting = this.#waiting.get(channel)
    if (waiting === undefined) return
    this.#waiting.set(channel, Math.max(0, waiting - data.length))
    const bytes = data.subarray(waiting)
    if (bytes.length === 0) return
    if (channel === errorChannel) this.#complaint += bytes.toString('utf8')
    else {
      this.#linger?.refresh()
      if (!this.push(bytes)) this.#socket?.pause()
    }
  }

  onSocketEnd(error: KnestError | undefined): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#linger)
    // After our own end a cut connection is an end like any other.
    const failure = this.#complained() ?? (this.writableFinished ? undefined : error)
    if (failure !== undefined) {
      if (this.#socket === undefined) this.#failedEarly = failure
      else this.destroy(failure)
      return
    }
    this.push(null)
    // Nothing more can be sent; what waits to be read can still be read.
    this.end()
  }

  #complained(): KnestError | undefined {
    if (this.#complaint === '') return undefined
    const message = `${this.#subject} does not answer: ${this.#complaint.trim()}`
    return new KnestError('host-unreachable', message, { hint: 'does a program listen there?' })
  }

  override _read(): void {
    this.#socket?.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk).then(
      () => {
        done()
      },
      (error: unknown) => {
        // The pod has closed in order: what it sent before must stay readable.
        done(this.#ended ? null : this.#lost(error))
      },
    )
  }

  async #send(chunk: Buffer): Promise<void> {
    for (let from = 0; from < chunk.length; from += piece) {
      await this.#socket?.send(dataChannel, chunk.subarray(from, from + piece))
    }
  }

  #lost(cause: unknown): KnestError {
    return new KnestError('host-unreachable', `the connection to ${this.#subject} is closed`, { cause })
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#ended) {
      this.#linger = setTimeout(() => {
        this.#socket?.close()
        this.onSocketEnd(undefined)
      }, lingerMs)
    }
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#linger)
    this.#socket?.close()
    done(error)
  }
}
