import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { WebSocket } from 'ws'
import type { KubeApi } from '../contracts/kubernetes.js'
import { openApiLink } from './api-link.js'
import { execInPod } from './exec.js'
import { failure, startFakeApiServer, type FakeApiServer } from './fake-api-server.js'
import { loadKubeconfig } from './kubeconfig.js'
import { openKube } from './open-kube.js'

const pod = { namespace: 'n', name: 'a', container: 'node' }
const path = '/api/v1/namespaces/n/pods/a/exec'
const v4 = 'v4.channel.k8s.io'
const v5 = 'v5.channel.k8s.io'
const success = '{"metadata":{},"status":"Success"}'
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

const say = (socket: WebSocket, channel: number, data: string | Buffer) => {
  socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(data as string)]))
}

/** A server that runs `run` for each command. */
function serve(run: (socket: WebSocket, query: URLSearchParams) => void, protocols = [v5, v4]) {
  server.acceptSockets({
    protocols,
    onSocket: (socket, query) => {
      // Real servers begin with an empty message.
      say(socket, 1, '')
      run(socket, query)
    },
  })
}

const exec = (options: Partial<Parameters<KubeApi['exec']>[2]> = {}, argv = ['sh', '-c', 'a & b']) =>
  kube.exec(pod, argv, { timeoutMs: 5000, signal: new AbortController().signal, ...options })

describe('exec', () => {
  it('gives output and exit code', async () => {
    serve((socket) => {
      const euro = Buffer.from('€')
      say(socket, 1, Buffer.concat([Buffer.from('out '), euro.subarray(0, 1)]))
      say(socket, 2, 'err')
      say(socket, 1, euro.subarray(1))
      const cause = { reason: 'ExitCode', message: '7' }
      const status = { status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [cause] } }
      say(socket, 3, JSON.stringify(status))
      socket.close()
    })
    const pieces: string[] = []
    const result = await exec({ onStdout: (piece) => pieces.push(piece) })
    expect(result).toEqual({ exitCode: 7, stdout: 'out €', stderr: 'err' })
    expect(pieces.join('')).toBe('out €')
    const query = server.requests[0]?.query
    expect(query?.getAll('command')).toEqual(['sh', '-c', 'a & b'])
    expect(query?.get('container')).toBe('node')
    expect(query?.has('stdin')).toBe(false)
    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret-token')
  })

  it('passes standard input and its end', async () => {
    serve((socket) => {
      const pieces: Buffer[] = []
      socket.on('message', (data: Buffer) => {
        if (data[0] === 255) {
          expect([...data]).toEqual([255, 0])
          say(socket, 1, String(Buffer.concat(pieces).length))
          say(socket, 3, success)
        } else pieces.push(data.subarray(1))
      })
    })
    expect(await exec({ stdin: Buffer.alloc(300_000, 'x') })).toEqual({
      exitCode: 0,
      stdout: '300000',
      stderr: '',
    })
    expect(await exec({ stdin: '' })).toMatchObject({ stdout: '0' })
  })

  it('runs on old servers without input, and says what is missing with input', async () => {
    serve(
      (socket) => {
        say(socket, 3, success)
      },
      [v4],
    )
    expect(await exec()).toMatchObject({ exitCode: 0 })
    await expect(exec({ stdin: 'x' })).rejects.toMatchObject({
      code: 'prerequisite',
      hint: /Kubernetes 1.30/ as never,
    })
    server.on(`UPGRADE ${path}`, (_request, response) => response.writeHead(403).end('not supported'))
    await expect(exec({ stdin: 'x' })).rejects.toMatchObject({ code: 'prerequisite' })
  })

  it('translates a refusal with its text', async () => {
    server.on(`UPGRADE ${path}`, failure(400, 'BadRequest', 'container node is not valid for pod a'))
    const message = 'context "fake": container node is not valid for pod a'
    await expect(exec()).rejects.toMatchObject({ code: 'config', message })
    server.on(`UPGRADE ${path}`, failure(404, 'NotFound', 'pods "a" not found'))
    await expect(exec()).rejects.toMatchObject({ code: 'not-found' })
    server.on(`UPGRADE ${path}`, failure(403, 'Forbidden', 'User "jane" cannot create resource "pods/exec"'))
    await expect(exec()).rejects.toMatchObject({ code: 'not-permitted', message: /cannot create/ as never })
  })

  it('says why a command was not started', async () => {
    serve((socket) => {
      const message = 'executable file not found in $PATH'
      say(socket, 3, JSON.stringify({ status: 'Failure', code: 500, reason: 'InternalError', message }))
    })
    await expect(exec()).rejects.toMatchObject({
      code: 'host-unreachable',
      message: 'command "sh" could not be run in pod "n/a": executable file not found in $PATH',
    })
  })

  it('fails when the socket dies, or closes without a status', async () => {
    serve((socket) => {
      say(socket, 1, 'half of it')
      setTimeout(() => {
        server.cut()
      }, 20)
    })
    await expect(exec()).rejects.toMatchObject({
      code: 'host-unreachable',
      message: /was lost: cut off/ as never,
    })
    serve((socket) => {
      socket.close(1000)
    })
    await expect(exec()).rejects.toMatchObject({
      code: 'host-unreachable',
      message: /closed before command/ as never,
    })
    await server.close()
    await expect(exec()).rejects.toMatchObject({
      code: 'host-unreachable',
      message: /connection refused/ as never,
    })
  })

  it('ends on timeout and on abort, and closes the socket', async () => {
    const closed = vi.fn()
    serve((socket) => socket.on('close', closed))
    const message = 'command "sh" in pod "n/a" did not end within 0.1 s'
    await expect(exec({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'timeout', message })
    const controller = new AbortController()
    setTimeout(() => {
      controller.abort()
    }, 50)
    await expect(exec({ signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' })
    await expect(exec({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
    await vi.waitFor(() => {
      expect(closed).toHaveBeenCalledTimes(2)
    })
  })

  it('keeps 16 MiB of output and says that it was cut', async () => {
    let streamed = 0
    serve((socket) => {
      for (let sent = 0; sent < 20; sent++) say(socket, 1, Buffer.alloc(1024 * 1024, 'x'))
      say(socket, 3, success)
    })
    const { stdout } = await exec({ onStdout: (piece) => (streamed += piece.length) })
    expect(stdout.length).toBeLessThan(16 * 1024 * 1024 + 100)
    expect(stdout.endsWith('\n[cut after 16 MiB]\n')).toBe(true)
    expect(streamed).toBe(20 * 1024 * 1024)
  })

  it('waits for a server that does not take its input, without copying all of it', async () => {
    const stdin = Buffer.alloc(200 * 1024 * 1024, 'x')
    let received = 0
    serve((socket) => {
      socket.pause()
      setTimeout(() => {
        socket.resume()
      }, 500)
      socket.on('message', (data: Buffer) => {
        received += data.length - 1
        if (data[0] === 255) say(socket, 3, success)
      })
    })
    const before = process.memoryUsage().external
    const running = exec({ stdin, timeoutMs: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(process.memoryUsage().external - before).toBeLessThan(50 * 1024 * 1024)
    expect(await running).toMatchObject({ exitCode: 0 })
    expect(received).toBe(stdin.length + 1)
  })

  it('keeps the exit code of a command that did not want all of its input', async () => {
    server.acceptSockets({
      protocols: [v5],
      onSocket: (socket, _query, raw) => {
        socket.once('message', () => {
          say(socket, 3, success)
          // What a server does that closes with unread input.
          raw.resetAndDestroy()
        })
      },
    })
    const stdin = Buffer.alloc(20 * 1024 * 1024)
    for (let count = 0; count < 20; count++) expect(await exec({ stdin })).toMatchObject({ exitCode: 0 })
  })

  it('notices a dead link, and has patience with a busy one', async () => {
    const chosen = await loadKubeconfig({ kubeconfigText: server.kubeconfig })
    const link = openApiLink(chosen, 'context "fake"', undefined, {
      everyMs: 20,
      quietMs: 100,
      stalledMs: 600,
    })
    server.acceptSockets({
      protocols: [v5],
      onSocket: (_socket, _query, raw) => {
        raw.pause()
      },
    })
    const options = { timeoutMs: 5000, signal: new AbortController().signal }
    const started = performance.now()
    await expect(execInPod(link, pod, ['sh'], options)).rejects.toMatchObject({
      message: /no sign of life/ as never,
    })
    expect(performance.now() - started).toBeLessThan(500)
    const busy = execInPod(link, pod, ['sh'], { ...options, stdin: 'x'.repeat(10_000) })
    await expect(busy).rejects.toMatchObject({ message: /no sign of life for 0.6 s/ as never })
    link.close()
  })
})

describe('terminal', () => {
  it('passes keys, output, window sizes and the exit code', async () => {
    const messages: string[] = []
    serve((socket) => {
      socket.on('message', (data: Buffer) => {
        messages.push(`${data[0] ?? ''}:${data.subarray(1).toString()}`)
        if (data[0] === 0) {
          say(socket, 1, 'echo')
          say(socket, 3, success)
        }
      })
    })
    const raw: boolean[] = []
    const stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      isRaw: false,
      setRawMode: (on: boolean) => raw.push(on),
    })
    const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 })
    const signal = new AbortController().signal
    const streams = { stdin: stdin as never, stdout: stdout as never }
    const running = kube.terminal(pod, ['bash'], streams, signal)
    await vi.waitFor(() => {
      expect(messages).toHaveLength(1)
    })
    stdin.write('ls')
    expect(await running).toBe(0)
    expect(messages).toEqual(['4:{"Width":80,"Height":24}', '0:ls'])
    expect(String(stdout.read())).toBe('echo')
    expect(raw).toEqual([true, false])
    expect(server.requests[0]?.query.get('tty')).toBe('true')
    expect(server.requests[0]?.query.has('stderr')).toBe(false)
  })
})
