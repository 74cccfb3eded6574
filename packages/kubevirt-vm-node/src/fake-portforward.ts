import http from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { openKube, type KubeApi } from '@knest/core'
import { WebSocketServer, type WebSocket } from 'ws'

/**
 * For tests: stands for the `portforward` subresource of KubeVirt's API, which dials the VM before it
 * upgrades, pings every second and ends every stream without a close frame. Its "VMs" are ports of this
 * machine.
 */
export interface FakePortforward {
  /** Speaks to it over real WebSockets. */
  readonly api: KubeApi
  /** Paths that were asked for. */
  readonly asked: readonly string[]
  /** What answers at port `port` of VM `name`: a port of this machine. */
  listen(name: string, port: number, local: number): void
  /** The next answers instead of an upgrade, one after another. */
  refuse(...answers: readonly Refusal[]): void
  /** Cuts every open stream, as a restarting virt-api does. */
  cut(): void
  /** Cuts all streams once so many more bytes have come from VMs. */
  cutAfter(bytes: number): void
  close(): Promise<void>
}

/** `silence`: no answer at all; `mute`: a stream on which nothing ever comes; `end`: one that ends at once. */
export type Refusal = { readonly code: number; readonly message: string } | 'silence' | 'mute' | 'end'

export async function startFakePortforward(): Promise<FakePortforward> {
  const asked: string[] = []
  const locals = new Map<string, number>()
  const refusals: Refusal[] = []
  const sockets = new Set<WebSocket>()
  const pending = new Set<Socket>()
  let budget = Infinity
  const cut = (): void => {
    for (const socket of sockets) socket.terminate()
  }

  const serve = (webSocket: WebSocket, vm: Socket | undefined): void => {
    sockets.add(webSocket)
    const ping = setInterval(() => webSocket.ping(), 1000)
    webSocket.on('error', () => undefined)
    webSocket.once('close', () => {
      sockets.delete(webSocket)
      clearInterval(ping)
      vm?.destroy()
    })
    webSocket.on('message', (data: Buffer) => vm?.write(data))
    vm?.on('data', (data: Buffer) => {
      budget -= data.length
      webSocket.send(data)
      if (budget >= 0) return
      budget = Infinity
      cut()
    })
    vm?.on('error', () => undefined)
    vm?.once('close', () => webSocket.terminate())
  }

  const server = http.createServer((_request, response) => {
    response.writeHead(404).end('404 page not found\n')
  })
  const webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has('plain.kubevirt.io') ? 'plain.kubevirt.io' : false),
  })
  server.on('upgrade', (request: http.IncomingMessage, raw: Socket, head: Buffer) => {
    const path = request.url ?? ''
    asked.push(path)
    pending.add(raw)
    raw.on('error', () => undefined)
    raw.once('close', () => pending.delete(raw))
    const upgrade = (vm: Socket | undefined): void =>
      webSockets.handleUpgrade(request, raw, head, (webSocket) => serve(webSocket, vm))
    const refusal = refusals.shift()
    if (refusal === 'silence') return
    if (refusal === 'mute') {
      upgrade(undefined)
      return
    }
    if (refusal === 'end') {
      webSockets.handleUpgrade(request, raw, head, (webSocket) => webSocket.terminate())
      return
    }
    if (refusal !== undefined) {
      answer(request, raw, refusal)
      return
    }
    const [, name = '', port = ''] =
      /virtualmachineinstances\/([^/]+)\/portforward\/(\d+)\/tcp$/.exec(path) ?? []
    const local = locals.get(`${name}:${port}`)
    if (local === undefined) {
      const message = `dialing VM: dial tcp 10.0.0.9:${port}: connect: connection refused`
      answer(request, raw, { code: 500, message })
      return
    }
    const vm = connect(local, '127.0.0.1', () => upgrade(vm))
    vm.once('error', (error) => answer(request, raw, { code: 500, message: `dialing VM: ${error.message}` }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const api = await openKube({ kubeconfigText: kubeconfig(`http://127.0.0.1:${port}`) })
  return {
    api,
    asked,
    listen: (name, vmPort, local) => void locals.set(`${name}:${vmPort}`, local),
    refuse: (...answers) => void refusals.push(...answers),
    cut,
    cutAfter: (bytes) => {
      budget = bytes
    },
    close: async () => {
      api.close()
      cut()
      for (const raw of pending) raw.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(
  request: http.IncomingMessage,
  raw: Socket,
  { code, message }: { readonly code: number; readonly message: string },
): void {
  const response = new http.ServerResponse(request)
  response.assignSocket(raw)
  response.writeHead(code, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message }))
  response.once('finish', () => raw.end())
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    clusters: [{ name: 'fake', cluster: { server } }],
    users: [{ name: 'fake-user', user: { token: 'secret-token' } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake-user' } }],
  })
}
