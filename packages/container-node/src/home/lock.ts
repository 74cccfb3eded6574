import { connect, createServer, type Server } from 'node:net'
import { KnestError, type ClusterLock } from '@knest/core'

/**
 * A lock on this machine: a listening socket in the kernel's abstract namespace, which only one process
 * can have and which goes with the process, however it ends. Who connects is told the holder, and sees
 * the end of the lock as the end of the connection.
 */
export async function acquireLock(
  name: string,
  signal: AbortSignal,
  onWait: (holder: string) => void,
): Promise<ClusterLock> {
  const path = `\0knest.dev/${name}`
  for (let told = false; ; told = true) {
    signal.throwIfAborted()
    const server = await tryListen(path)
    if (server !== undefined) return held(server)
    await untilReleased(path, signal, told ? () => undefined : onWait)
  }
}

/** Undefined when somebody else has it. */
function tryListen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.write(`process ${process.pid}\n`)
      // Waiters do not keep the holder alive.
      socket.unref()
      clients.add(socket)
      socket.once('close', () => clients.delete(socket))
    })
    const clients = new Set<{ destroy(): void }>()
    const close = server.close.bind(server)
    server.close = (callback) => {
      for (const client of clients) client.destroy()
      return close(callback)
    }
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else
        reject(
          new KnestError('prerequisite', `cannot lock "${path.slice(1)}": ${error.message}`, {
            cause: error,
          }),
        )
    })
    server.listen(path, () => {
      server.unref()
      resolve(server)
    })
  })
}

function held(server: Server): ClusterLock {
  let released: Promise<void> | undefined
  return {
    // It cannot be lost to anybody.
    signal: new AbortController().signal,
    release: () => (released ??= new Promise((resolve) => server.close(() => resolve()))),
  }
}

function untilReleased(path: string, signal: AbortSignal, onWait: (holder: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const onAbort = (): void => {
      socket.destroy()
      reject(signal.reason instanceof Error ? signal.reason : new KnestError('cancelled', 'cancelled'))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('data', (data) => onWait(data.toString().trim()))
    // Refused: it was released between the attempt and now.
    socket.on('error', () => undefined)
    socket.once('close', () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
  })
}
