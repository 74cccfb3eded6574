import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'

/**
 * For tests of this folder: stands for the HTTP and WebSocket side of a Kubernetes API server, in this
 * process. It stores and checks nothing: each test says what a path answers, and reads what was asked.
 * It does not show that a real server accepts the requests; the e2e tests do.
 */
export interface FakeApiServer {
  readonly port: number
  readonly requests: readonly SeenRequest[]
  /** Kubeconfig text for it, with one context `fake` and the token `secret-token`. */
  readonly kubeconfig: string
  /** Answers `METHOD /path` (without query) from now on. Everything else gets a 404 in plain text. */
  on(request: string, handler: Handler): void
  /** Answers all else so from now on. */
  onEverything(handler: Handler): void
  /** What happens to WebSockets; without it they are refused. */
  acceptSockets(options: SocketOptions): void
  /** Cuts every connection. */
  cut(): void
  close(): Promise<void>
}

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export type Handler = (request: SeenRequest, response: http.ServerResponse) => void

interface SocketOptions {
  /** The subprotocols the server knows. */
  readonly protocols: readonly string[]
  readonly onSocket: (socket: WebSocket, query: URLSearchParams, raw: Socket) => void
}

export async function startFakeApiServer(tls?: { cert: string; key: string }): Promise<FakeApiServer> {
  const requests: SeenRequest[] = []
  const handlers = new Map<string, Handler>()
  const connections = new Set<Duplex>()
  let sockets: SocketOptions | undefined
  let otherwise: Handler | undefined

  const onRequest: http.RequestListener = (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://fake')
      const method = request.method ?? ''
      const body = Buffer.concat(pieces).toString('utf8')
      const seen = { method, path: url.pathname, query: url.searchParams, headers: request.headers, body }
      const handler = handlers.get(`${method} ${url.pathname}`) ?? otherwise
      // By these a client sees that it is a Kubernetes API which does not have what was asked for.
      const usual = handler === undefined ? usualAnswers.get(url.pathname) : undefined
      if (usual !== undefined) {
        usual(seen, response)
        return
      }
      requests.push(seen)
      if (handler === undefined) response.writeHead(404).end('404 page not found\n')
      else handler(seen, response)
    })
  }
  const server = tls === undefined ? http.createServer(onRequest) : https.createServer(tls, onRequest)
  server.on(tls === undefined ? 'connection' : 'secureConnection', (connection: Duplex) => {
    connections.add(connection)
    connection.once('close', () => connections.delete(connection))
  })

  const webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered].find((name) => sockets?.protocols.includes(name)) ?? false,
  })
  server.on('upgrade', (request: http.IncomingMessage, raw: Socket, head: Buffer) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    const path = url.pathname
    requests.push({ method: 'UPGRADE', path, query: url.searchParams, headers: request.headers, body: '' })
    const refusal = handlers.get(`UPGRADE ${path}`)
    if (refusal !== undefined || sockets === undefined) {
      const response = new http.ServerResponse(request)
      response.assignSocket(raw)
      if (refusal === undefined) response.writeHead(403).end('no such protocol\n')
      else
        refusal(
          { method: 'UPGRADE', path, query: url.searchParams, headers: request.headers, body: '' },
          response,
        )
      return
    }
    const { onSocket } = sockets
    webSockets.handleUpgrade(request, raw, head, (socket) => {
      socket.on('error', () => undefined)
      onSocket(socket, url.searchParams, raw)
    })
  })

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const cut = () => {
    for (const connection of connections) connection.destroy()
  }
  return {
    port,
    requests,
    kubeconfig: fakeKubeconfig(`http://127.0.0.1:${port}`),
    on: (request, handler) => {
      handlers.set(request, handler)
    },
    onEverything: (handler) => {
      otherwise = handler
    },
    acceptSockets: (options) => {
      sockets = options
    },
    cut,
    close: async () => {
      cut()
      webSockets.close()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const usualAnswers: ReadonlyMap<string, Handler> = new Map([
  ['/version', json({ gitVersion: 'v1.35.4' })],
  ['/api/v1', json({ kind: 'APIResourceList', groupVersion: 'v1', resources: [] })],
  ['/readyz', (_request, response) => void response.writeHead(200).end('ok')],
])

export function fakeKubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    clusters: [{ name: 'fake', cluster: { server } }],
    users: [{ name: 'fake-user', user: { token: 'secret-token' } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake-user', namespace: 'team' } }],
  })
}

/** Answers with JSON. */
export function json(value: unknown, status = 200, headers: http.OutgoingHttpHeaders = {}): Handler {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(value))
  }
}

/** Answers with a Status object, as the API does on failure. */
export function failure(code: number, reason: string, message: string, details?: unknown): Handler {
  return json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, details }, code)
}
