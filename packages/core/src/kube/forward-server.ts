import net from 'node:net'
import { KnestError } from '../errors.js'
import type { Dial } from '../contracts/kube-connection.js'

export interface ForwardServer {
  readonly port: number
  /** Stops listening and ends every connection. */
  close(): Promise<void>
}

export interface ForwardServerOptions {
  /** Opens the far side of one connection; its signal ends when the server is closed. */
  readonly dial: Dial
  /** 0: any free one. */
  readonly port: number
  /** Of this machine; 127.0.0.1 when absent. */
  readonly address?: string | undefined
  /** A connection could not be made or broke; the others go on. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** Listens on an address of this machine and passes each connection on to a stream of its own. */
export async function openForwardServer(options: ForwardServerOptions): Promise<ForwardServer> {
  const { address = '127.0.0.1' } = options
  const life = new AbortController()
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // A local program that goes away in the middle is nothing to report.
    socket.on('error', () => undefined)
    void connect(socket, options, life.signal)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(listenError(error, options.port, address))
    })
    server.listen(options.port, address, resolve)
  })
  const { port } = server.address() as net.AddressInfo
  return {
    port,
    close: async () => {
      life.abort(new KnestError('cancelled', `forwarding from port ${port} of ${address} was stopped`))
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
      })
    },
  }
}

async function connect(
  socket: net.Socket,
  { dial, onError }: ForwardServerOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    const far = await dial(signal)
    far.on('error', (error) => {
      if (!signal.aborted) onError?.(error)
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
    if (!signal.aborted) onError?.(error)
    socket.resetAndDestroy()
  }
}

function listenError(error: NodeJS.ErrnoException, port: number, address: string): KnestError {
  const why = error.code === 'EADDRINUSE' ? 'another program uses it' : (error.code ?? error.message)
  return new KnestError('config', `port ${port} of ${address} cannot be opened: ${why}`, {
    hint: 'choose another port, or 0 for any free one',
    cause: error,
  })
}
