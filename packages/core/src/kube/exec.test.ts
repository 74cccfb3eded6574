import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { PassThrough, Readable, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { WebSocket } from 'ws'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { ExecTextOptions } from '../contracts/node-backend.js'
import { collectText, execText } from '../streams/index.js'
import { openApiLink } from './api-link.js'
import { execInPod } from './exec.js'
import { failure, startFakeApiServer, type FakeApiServer } from './fake-api-server.js'
import { loadKubeconfig } from './kubeconfig/load.js'
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

const limits = { timeoutMs: 5000, signal: new AbortController().signal }
const exec = (options: Partial<ExecTextOptions> = {}, argv = ['sh', '-c', 'a & b']) =>
  execText(kube, pod, argv, { ...limits, ...options })
const nowhere = () => ({ stdout: new PassThrough().resume(), stderr: new PassThrough().resume() })

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
    expect(await exec()).toEqual({ exitCode: 7, stdout: 'out €', stderr: 'err' })
    const query = server.requests[0]?.query
    expect(query?.getAll('command')).toEqual(['sh', '-c', 'a & b'])
    expect(query?.get('container')).toBe('node')
    expect(query?.has('stdin')).toBe(false)
    expect(server.requests[0]?.headers.authorization).toBeUndefined()
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
    serve((socket) => {
      for (let sent = 0; sent < 20; sent++) say(socket, 1, Buffer.alloc(1024 * 1024, 'x'))
      say(socket, 3, success)
    })
    const { stdout } = await exec()
    expect(stdout.length).toBeLessThan(16 * 1024 * 1024 + 100)
    expect(stdout.endsWith('\n[cut after 16 MiB]\n')).toBe(true)
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
      probe: { everyMs: 20, quietMs: 100, stalledMs: 600 },
    })
    server.acceptSockets({
      protocols: [v5],
      onSocket: (_socket, _query, raw) => {
        raw.pause()
      },
    })
    const options = { ...limits, ...nowhere() }
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

describe('exec with streams', () => {
  it('passes bytes on as they are, both ways', async () => {
    serve((socket) => {
      socket.on('message', (data: Buffer) => {
        if (data[0] === 255) say(socket, 3, success)
        else say(socket, 1, data.subarray(1))
      })
    })
    const bytes = randomBytes(3_000_000)
    const hash = createHash('sha256')
    const stdout = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        hash.update(chunk)
        done()
      },
    })
    const stdin = Readable.from([bytes.subarray(0, 100_001), bytes.subarray(100_001)])
    expect(await kube.exec(pod, ['cat'], { ...limits, ...nowhere(), stdin, stdout })).toBe(0)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
    // It is the caller's.
    expect(stdout.writableEnded).toBe(false)
  })

  it('lets the server wait for a slow reader, and ends when the reader has taken everything', async () => {
    const total = 100 * 1024 * 1024
    let sent = 0
    serve((socket) => {
      const more = () => {
        if (sent === total) {
          say(socket, 3, success)
          socket.close()
          return
        }
        sent += 65_536
        socket.send(Buffer.alloc(65_537, 1), more)
      }
      more()
    })
    let taken = 0
    let isSlow = true
    const stdout = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        taken += chunk.length
        if (isSlow) setTimeout(done, 500)
        else setImmediate(done)
      },
    })
    const running = kube.exec(pod, ['cat'], { ...limits, timeoutMs: 60_000, ...nowhere(), stdout })
    await delay(400)
    expect(sent).toBeLessThan(total / 2)
    isSlow = false
    expect(await running).toBe(0)
    expect(taken).toBe(total)
  })

  it('does not take slowness of a reader for a dead link', async () => {
    const chosen = await loadKubeconfig({ kubeconfigText: server.kubeconfig })
    const probe = { everyMs: 20, quietMs: 100, stalledMs: 200 }
    const link = openApiLink(chosen, 'context "fake"', undefined, { probe })
    serve((socket) => {
      for (let count = 0; count < 100; count++) say(socket, 1, Buffer.alloc(65_536))
      say(socket, 3, success)
    })
    let writes = 0
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => {
        writes += 1
        setTimeout(done, writes === 1 ? 600 : 0)
      },
    })
    expect(await execInPod(link, pod, ['cat'], { ...limits, ...nowhere(), stdout })).toBe(0)
    link.close()
  })

  it('takes Success for the end of a command only with its mark at the end of both outputs', async () => {
    const endMark = 'the-end'
    const run = async (stdout: string, stderr: string, status: string) => {
      serve((socket) => {
        say(socket, 1, stdout)
        say(socket, 2, stderr)
        say(socket, 3, status)
      })
      return collectText((output) => kube.exec(pod, ['cat'], { ...limits, ...output, endMark }))
    }
    const cutOff = { code: 'host-unreachable', message: /closed before command "cat" ended/ as never }
    expect(await run('outthe-end0;', 'errthe-end0;', success)).toEqual({
      exitCode: 0,
      stdout: 'out',
      stderr: 'err',
    })
    expect(await run('the-end3;', 'the-end3;', success)).toMatchObject({ exitCode: 3 })
    await expect(run('', '', success)).rejects.toMatchObject(cutOff)
    await expect(run('the-end0;', '', success)).rejects.toMatchObject(cutOff)
    await expect(run('outthe-end', 'the-end0;', success)).rejects.toMatchObject(cutOff)
    // The shell itself was killed.
    const causes = [{ reason: 'ExitCode', message: '137' }]
    const killed = JSON.stringify({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes } })
    expect(await run('outthe', '', killed)).toEqual({ exitCode: 137, stdout: 'outthe', stderr: '' })
  })

  it('ends the input of a command that has said that it is at its end', async () => {
    const endMark = 'the-end'
    serve((socket) => {
      socket.on('message', (data: Buffer) => {
        if (data[0] === 255) say(socket, 3, success)
        else if (data[0] === 0) for (const output of [1, 2]) say(socket, output, 'the-end0;')
      })
    })
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(10_000))
      },
    })
    const silent = new PassThrough()
    silent.write('y')
    for (const stdin of [endless, silent]) {
      expect(await kube.exec(pod, ['head'], { ...limits, ...nowhere(), stdin, endMark })).toBe(0)
      expect(stdin.destroyed).toBe(true)
    }
  })

  it('ends with the command though its input goes on', async () => {
    serve((socket) => {
      socket.once('message', () => {
        say(socket, 1, 'y')
        say(socket, 3, success)
      })
    })
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(10_000))
      },
    })
    expect(await kube.exec(pod, ['head'], { ...limits, ...nowhere(), stdin: endless })).toBe(0)
    expect(endless.destroyed).toBe(true)
    const silent = new PassThrough()
    silent.write('y')
    expect(await kube.exec(pod, ['head'], { ...limits, ...nowhere(), stdin: silent })).toBe(0)
    expect(silent.destroyed).toBe(true)
  })

  it('fails with the error of a stream, and never takes half of an input for all of it', async () => {
    let inputEnded = false
    const closed = vi.fn()
    serve((socket) => {
      say(socket, 1, 'out')
      socket.on('message', (data: Buffer) => (inputEnded ||= data[0] === 255))
      socket.on('close', closed)
    })
    const gone = new Writable({
      write: (_chunk, _encoding, done) => {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      },
    })
    const written = kube.exec(pod, ['cat'], { ...limits, ...nowhere(), stdout: gone })
    await expect(written).rejects.toMatchObject({ code: 'EPIPE' })
    const broken = Readable.from(
      (function* () {
        yield 'half'
        throw new Error('disk fault')
      })(),
    )
    const read = kube.exec(pod, ['cat'], { ...limits, ...nowhere(), stdin: broken })
    await expect(read).rejects.toThrow('disk fault')
    await vi.waitFor(() => {
      expect(closed).toHaveBeenCalledTimes(2)
    })
    expect(inputEnded).toBe(false)
  })

  it('is ended by its time limit while a reader takes nothing', async () => {
    serve((socket) => {
      say(socket, 1, 'out')
      say(socket, 3, success)
    })
    const stuck = new Writable({ write: () => undefined })
    const running = kube.exec(pod, ['cat'], { ...limits, timeoutMs: 200, ...nowhere(), stdout: stuck })
    await expect(running).rejects.toMatchObject({ code: 'timeout' })
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
