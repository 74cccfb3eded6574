import net from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { WebSocket } from 'ws'
import type { KubeApi } from '../contracts/kubernetes.js'
import { failure, startFakeApiServer, type FakeApiServer } from './fake-api-server.js'
import { openForwardServer } from './forward-server.js'
import { openKube } from './open-kube.js'

const pod = { namespace: 'n', name: 'a' }
const { signal } = new AbortController()
let server: FakeApiServer
let kube: KubeApi

beforeEach(async () => {
  server = await startFakeApiServer()
  kube = await openKube({ kubeconfigText: server.kubeconfig })
})

afterEach(async () => {
  kube.close()
  await server.close()
})

/** A server whose pods do `run` on each connection. */
function serve(run: (socket: WebSocket, say: (channel: number, data: string | Buffer) => void) => void) {
  server.acceptSockets({
    protocols: ['v4.channel.k8s.io'],
    onSocket: (socket, query) => {
      const say = (channel: number, data: string | Buffer) => {
        socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(data as string)]))
      }
      const port = Buffer.alloc(2)
      port.writeUInt16LE(Number(query.get('ports')))
      say(0, port)
      say(1, port)
      run(socket, say)
    },
  })
}

const echo = () => {
  serve((socket, say) => {
    socket.on('message', (data: Buffer) => {
      say(0, data.subarray(1))
    })
  })
}

describe('forward', () => {
  it('carries bytes both ways', async () => {
    echo()
    const stream = await kube.forward(pod, 6443, signal)
    stream.write('hello')
    const [piece] = (await vi.waitFor(() => {
      const read = stream.read() as Buffer | null
      expect(read).not.toBeNull()
      return [read]
    })) as [Buffer]
    expect(piece.toString()).toBe('hello')
    expect(server.requests[0]?.path).toBe('/api/v1/namespaces/n/pods/a/portforward')
    expect(server.requests[0]?.query.get('ports')).toBe('6443')
    stream.destroy()
  })

  it('reads all of it when the pod has sent and closed', async () => {
    const bytes = Buffer.alloc(5 * 1024 * 1024, 'x')
    serve((socket, say) => {
      for (let from = 0; from < bytes.length; from += 32_768) say(0, bytes.subarray(from, from + 32_768))
      socket.close(1000)
    })
    const stream = await kube.forward(pod, 80, signal)
    expect((await buffer(stream)).equals(bytes)).toBe(true)
    await vi.waitFor(() => {
      expect(stream.destroyed).toBe(true)
    })
  })

  it('stays readable after its own end', async () => {
    serve((socket, say) => {
      socket.once('message', () => {
        setTimeout(() => {
          say(0, 'answer')
          socket.close(1000)
        }, 50)
      })
    })
    const stream = await kube.forward(pod, 80, signal)
    stream.end('question')
    expect(await text(stream)).toBe('answer')
  })

  it('makes a fast pod wait for a slow reader', async () => {
    let sent = 0
    serve((socket) => {
      const frame = Buffer.alloc(64 * 1024)
      const more = () => {
        socket.send(frame, () => {
          sent += frame.length
          if (sent < 200 * 1024 * 1024) more()
        })
      }
      more()
    })
    const stream = await kube.forward(pod, 80, signal)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(sent).toBeLessThan(50 * 1024 * 1024)
    stream.destroy()
  })

  it('makes a fast writer wait for a slow pod', async () => {
    serve((socket) => {
      socket.pause()
    })
    const stream = await kube.forward(pod, 80, signal)
    const piece = Buffer.alloc(1024 * 1024)
    let written = 0
    const write = () => {
      while (written < 100 * piece.length && !stream.writableNeedDrain) {
        stream.write(piece, () => (written += piece.length))
      }
    }
    stream.on('drain', write)
    stream.on('error', () => undefined)
    write()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(written).toBeLessThan(50 * piece.length)
    stream.destroy()
  })

  it('fails with the words of the node when nothing listens', async () => {
    serve((socket, say) => {
      say(1, 'error forwarding port 80 to pod: connection refused')
      setTimeout(() => {
        socket.close(1000)
      }, 20)
    })
    const stream = await kube.forward(pod, 80, signal)
    await expect(text(stream)).rejects.toMatchObject({
      code: 'host-unreachable',
      message: 'port 80 of pod "n/a" does not answer: error forwarding port 80 to pod: connection refused',
    })
  })

  it('fails when the connection is cut, and on abort', async () => {
    echo()
    const stream = await kube.forward(pod, 80, signal)
    setTimeout(() => {
      server.cut()
    }, 20)
    await expect(text(stream)).rejects.toMatchObject({ code: 'host-unreachable' })
    const controller = new AbortController()
    const other = await kube.forward(pod, 80, controller.signal)
    setTimeout(() => {
      controller.abort()
    }, 20)
    await expect(text(other)).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('does not open when the API refuses', async () => {
    server.on(
      'UPGRADE /api/v1/namespaces/n/pods/a/portforward',
      failure(404, 'NotFound', 'pods "a" not found'),
    )
    await expect(kube.forward(pod, 80, signal)).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('openForwardServer', () => {
  it('passes each connection on and ends all of them', async () => {
    echo()
    const forwarded = await openForwardServer({ dial: (ended) => kube.forward(pod, 80, ended), port: 0 })
    const clients = [net.connect(forwarded.port, '127.0.0.1'), net.connect(forwarded.port, '127.0.0.1')]
    for (const [index, client] of clients.entries()) {
      client.write(`hello ${index}`)
      const data = await new Promise<Buffer>((resolve) => client.once('data', resolve))
      expect(data.toString()).toBe(`hello ${index}`)
    }
    const closed = clients.map((client) => new Promise((resolve) => client.once('close', resolve)))
    await forwarded.close()
    await Promise.all(closed)
  })

  it('resets a connection that cannot be passed on, and says why', async () => {
    const onError = vi.fn()
    const dial = () => Promise.reject(new Error('no such pod'))
    const forwarded = await openForwardServer({ dial, port: 0, onError })
    const client = net.connect(forwarded.port, '127.0.0.1')
    const code = await new Promise((resolve) => {
      client.once('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code)
      })
    })
    expect(code).toBe('ECONNRESET')
    expect(onError).toHaveBeenCalledWith(new Error('no such pod'))
    await expect(openForwardServer({ dial, port: forwarded.port })).rejects.toMatchObject({ code: 'config' })
    await forwarded.close()
  })

  it('ends the local side when the pod closes', async () => {
    serve((socket, say) => {
      say(0, 'bye')
      socket.close(1000)
    })
    const forwarded = await openForwardServer({ dial: (ended) => kube.forward(pod, 80, ended), port: 0 })
    expect(await text(net.connect(forwarded.port, '127.0.0.1'))).toBe('bye')
    await forwarded.close()
  })
})
