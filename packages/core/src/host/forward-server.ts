import net from 'node:net'
import { KnestError } from '../errors.js'
import type { Dial } from './api-link.js'

export interface ForwardServer {
  readonly port: number
  /** Stops listening and ends every connection. */
  close(): Promise<void>
}

/** A connection could not be made or broke; the others go on. */
type OnError = (error: unknown) => void

/**
 * Listens on 127.0.0.1 (port 0: any free one) and passes each connection on to a stream of its own.
 * The signal given to `dial` ends when the server is closed.
 */
export async function createForwardServer(
  dial: Dial,
  port: number,
  onError: OnError = () => undefined,
): Promise<ForwardServer> {
  const life = new AbortController()
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // A local program that goes away in the middle is nothing to report.
    socket.on('error', () => undefined)
    void connect(socket, dial, onError, life.signal)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(listenError(error, port))
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  const opened = (server.address() as net.AddressInfo).port
  return {
    port: opened,
    close: async () => {
      life.abort(new KnestError('cancelled', `forwarding from 127.0.0.1:${opened} was stopped`))
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
      })
    },
  }
}

async function connect(socket: net.Socket, dial: Dial, onError: OnError, signal: AbortSignal): Promise<void> {
  try {
    const far = await dial(signal)
    far.on('error', (error) => {
      onError(error)
      socket.resetAndDestroy()
    })
    // Not `pipeline`: it ends both sides as soon as one of them has ended.
    far.once('close', () => {
      socket.destroySoon()
    })
    socket.once('close', () => far.destroy())
    if (socket.destroyed) far.destroy()
    socket.pipe(far)
    far.pipe(socket)
  } catch (error) {
    onError(error)
    socket.resetAndDestroy()
  }
}

function listenError(error: NodeJS.ErrnoException, port: number): KnestError {
  const why = error.code === 'EADDRINUSE' ? 'another program uses it' : (error.code ?? error.message)
  return new KnestError('config', `port ${port} of 127.0.0.1 cannot be opened: ${why}`, {
    hint: 'choose another port, or 0 for any free one',
    cause: error,
  })
}
