import http from 'node:http'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

/** A proxy on loopback that takes every name for one server. */
export interface NamingProxy {
  /** As in `127.0.0.1:3128`. */
  readonly address: string
  close(): Promise<void>
}

interface Target {
  readonly host: string
  readonly port: number
}

/** CONNECT; with credentials for those alone. */
export function openConnectProxy(to: Target, credentials?: string): Promise<NamingProxy> {
  const wanted = credentials === undefined ? undefined : Buffer.from(credentials).toString('base64')
  const server = http.createServer()
  server.on('connect', (request, socket) => {
    const given = request.headers['proxy-authorization']
    if (wanted !== undefined && given !== `Basic ${wanted}`)
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    else joinTo(to, socket, 'HTTP/1.1 200 OK\r\n\r\n')
  })
  return listen(server)
}

/** SOCKS5 without credentials. Refuses what is no name: the proxy is to look names up. */
export function openSocksProxy(to: Target): Promise<NamingProxy> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(Buffer.from([5, 0]))
      socket.once('data', (request: Buffer) => {
        if (request[3] === 3) joinTo(to, socket, Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        else socket.end(Buffer.from([5, 8, 0, 1, 0, 0, 0, 0, 0, 0]))
      })
    })
  })
  return listen(server)
}

function joinTo({ host, port }: Target, socket: Duplex, hello: string | Buffer): void {
  const far = net.connect(port, host, () => {
    socket.write(hello)
    far.pipe(socket).pipe(far)
  })
  far.on('error', () => socket.destroy())
  socket.on('error', () => far.destroy())
}

async function listen(server: net.Server): Promise<NamingProxy> {
  const open = new Set<net.Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
