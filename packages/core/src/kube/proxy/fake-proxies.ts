import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

/** For tests of this folder: a proxy on loopback that takes every name for one server of the test. */
export interface FakeProxy {
  readonly port: number
  /** What it was asked for, as in `CONNECT api.test:6443` or `GET http://api.test/version`. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

export interface FakeProxyOptions {
  /** Port of the server on loopback. */
  readonly to: number
  /** As in `user:password`; anybody otherwise. */
  readonly credentials?: string
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Answers every CONNECT so, instead of connecting. */
  readonly refuse?: string
}

export async function startHttpProxy({ to, credentials, tls, refuse }: FakeProxyOptions): Promise<FakeProxy> {
  const asked: string[] = []
  const open = new Set<Duplex>()
  const isKnown = ({ headers }: http.IncomingMessage) =>
    credentials === undefined ||
    headers['proxy-authorization'] === `Basic ${Buffer.from(credentials).toString('base64')}`
  const server = (tls === undefined ? http.createServer() : https.createServer(tls)) as http.Server
  server.on('connect', (request: http.IncomingMessage, socket: Duplex) => {
    asked.push(`CONNECT ${request.url ?? ''}`)
    socket.on('error', () => undefined)
    const answer = refuse ?? (isKnown(request) ? undefined : '407 Proxy Authentication Required')
    if (answer !== undefined) socket.end(`HTTP/1.1 ${answer}\r\n\r\n`)
    else join(socket, to, open, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
  })
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    const { pathname, search } = new URL(request.url ?? '', 'http://proxy')
    const path = pathname + search
    const passed = http.request({ port: to, host: '127.0.0.1', path, method: request.method }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    request.pipe(passed)
  })
  return started(server, asked, open)
}

/** SOCKS5 with names, which it takes for the one server. */
export async function startSocksProxy({ to, credentials }: FakeProxyOptions): Promise<FakeProxy> {
  const asked: string[] = []
  const open = new Set<Duplex>()
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    let step: 'hello' | 'login' | 'request' = 'hello'
    const onData = (data: Buffer) => {
      if (step === 'hello') {
        step = credentials === undefined ? 'request' : 'login'
        socket.write(Buffer.from([5, credentials === undefined ? 0 : 2]))
      } else if (step === 'login') {
        step = 'request'
        const userLength = data[1] ?? 0
        const user = data.subarray(2, 2 + userLength).toString()
        const password = data.subarray(3 + userLength).toString()
        const known = `${user}:${password}` === credentials
        socket.write(Buffer.from([1, known ? 0 : 1]))
        if (!known) socket.end()
      } else {
        socket.off('data', onData)
        const length = data[4] ?? 0
        const name = data[3] === 3 ? data.subarray(5, 5 + length).toString() : `type ${String(data[3])}`
        asked.push(`CONNECT ${name}:${data.readUInt16BE(data.length - 2)}`)
        join(socket, to, open, () => socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])))
      }
    }
    socket.on('data', onData)
  })
  return started(server, asked, open)
}

function join(socket: Duplex, port: number, open: Set<Duplex>, connected: () => void): void {
  const far = net.connect(port, '127.0.0.1', () => {
    connected()
    socket.pipe(far)
    far.pipe(socket)
  })
  open.add(far).add(socket)
  far.on('error', () => socket.destroy())
  far.on('close', () => socket.destroy())
  socket.on('close', () => far.destroy())
}

async function started(
  server: net.Server,
  asked: readonly string[],
  open: ReadonlySet<Duplex>,
): Promise<FakeProxy> {
  server.on('connection', (socket: Duplex) => {
    ;(open as Set<Duplex>).add(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
