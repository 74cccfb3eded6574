import { Readable } from 'node:stream'

const piece = 64 * 1024

/** The input of a command, from the far side's view: it is sent piece by piece. */
export interface Input {
  /**
   * Sends all of it, one piece at a time. Rejects with the error of the stream that is read; what fails
   * while sending ends it without a word, since the end of a connection shows elsewhere.
   */
  sendTo(send: (bytes: Uint8Array) => Promise<void>): Promise<'all' | 'stopped'>
  /** Nobody wants more of it. */
  stop(): void
}

export function openInput(from: Readable | string | Uint8Array): Input {
  const stream = from instanceof Readable ? from : Readable.from(from.length === 0 ? [] : [from])
  let stopped = false
  return {
    sendTo: async (send) => {
      try {
        for await (const chunk of stream) {
          const bytes = toBytes(chunk as string | Uint8Array)
          for (let at = 0; at < bytes.length; at += piece) {
            if (!(await sent(send, bytes.subarray(at, at + piece))) || isStopped()) return 'stopped'
          }
        }
      } catch (error) {
        if (!isStopped()) throw error
      }
      return isStopped() ? 'stopped' : 'all'
    },
    stop: () => {
      stopped = true
      stream.destroy()
    },
  }

  /** It changes while something is awaited. */
  function isStopped(): boolean {
    return stopped
  }
}

async function sent(send: (bytes: Uint8Array) => Promise<void>, bytes: Uint8Array): Promise<boolean> {
  try {
    await send(bytes)
    return true
  } catch {
    return false
  }
}

export function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data
}
