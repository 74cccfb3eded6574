import { createServer, type AddressInfo, type Server } from 'node:net'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExecOptions, ExecResult, ExecTextOptions, NodeHandle, TerminalStreams } from '@knest/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startFakePortforward, type FakePortforward, type Refusal } from '../fake-portforward.js'
import { startFakeSshServer, type FakeSshServer } from '../fake-ssh-server.js'
import { forwardToVm, mayPass } from '../portforward.js'
import { newKeyPair, type SshKeyPair } from './key-pair.js'
import { openSshNode } from './node-handle.js'
import { SshSession, type SshRoute } from './session.js'

vi.setConfig({ testTimeout: 20_000 })

const cluster = { name: 'demo', namespace: 'knest-demo' }
const name = 'demo-worker-0'
const { signal } = new AbortController()
const newPair = (): SshKeyPair => newKeyPair('test')
const host = newPair()
const client = newPair()

let portforward: FakePortforward
let sshServer: FakeSshServer
let folder: string
let node: NodeHandle

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knest-jobs-'))
  portforward = await startFakePortforward()
  sshServer = await startFakeSshServer({ hostKey: host.private, authorizedKey: client.public })
  portforward.listen(name, 22, sshServer.port)
  node = openNode()
})

afterEach(async () => {
  await portforward.close()
  await sshServer.close()
  await rm(folder, { recursive: true, force: true })
})

function openNode(
  change: Partial<SshRoute> = {},
  keys = { host: host.public, client: client.private },
  reachMs = 4_000,
): NodeHandle {
  const route: SshRoute = {
    identity: () =>
      Promise.resolve({ subject: `node "${name}"`, privateKey: keys.client, hostPublicKey: keys.host }),
    dial: (until) => forwardToVm(portforward.api, cluster, name, 22, until, 1_000),
    worthRetrying: mayPass,
    explain: () => Promise.resolve(undefined),
    ...change,
  }
  const limits = { bannerMs: 700, loginMs: 5_000, keepaliveMs: 15_000, reachMs }
  const session = new SshSession(route, limits)
  return openSshNode({
    name,
    role: 'worker',
    session,
    timeoutFactor: () => Promise.resolve(1),
    jobsFolder: folder,
  })
}

function short(argv: readonly string[], options: Partial<ExecTextOptions> = {}): Promise<ExecResult> {
  return node.execText(argv, { timeoutMs: 20_000, signal, ...options })
}

function long(script: string, options: Partial<ExecTextOptions> = {}): Promise<ExecResult> {
  return node.execText(['sh', '-c', script], { timeoutMs: 60_000, signal, ...options })
}

describe('a short command', () => {
  it('gets its words unchanged, and all commands share one login', async () => {
    const words = ['a b', "it's", '$HOME', '"q"', '', '*', 'line\nbreak', '--x=1']
    const results = await Promise.all(words.map((word) => short(['printf', '%s', word])))
    expect(results.map(({ stdout }) => stdout)).toEqual(words)
    expect(sshServer.logins).toBe(1)
  })

  it('gives the code of a signal as shells do', async () => {
    expect((await short(['sh', '-c', 'kill -9 $$'])).exitCode).toBe(137)
  })

  it('carries megabytes whole, both ways', async () => {
    const stdin = Buffer.alloc(8 * 2 ** 20, 'k')
    const { stdout } = await short(['cat'], { stdin })
    expect(stdout.length).toBe(stdin.length)
  })

  it('is an error when the connection is cut, since it may have run', async () => {
    const hanging = short(['sleep', '10'])
    await vi.waitFor(() => expect(sshServer.commands).toContain('sleep 10 </dev/null'))
    portforward.cut()
    await expect(hanging).rejects.toMatchObject({ code: 'host-unreachable' })
    expect((await short(['echo', 'again'])).stdout).toBe('again\n')
  })

  it('is run again when the connection is cut, where it only looks', async () => {
    const file = join(folder, 'looks')
    const script = 'echo half; echo look >>"$0"; [ $(wc -l <"$0") -gt 1 ] || sleep 10; echo whole'
    const looking = short(['sh', '-c', script, file], { repeatable: true })
    await vi.waitFor(async () => expect(await readFile(file, 'utf8').catch(() => '')).toBe('look\n'))
    portforward.cut()
    expect(await looking).toEqual({ exitCode: 0, stdout: 'half\nwhole\n', stderr: '' })
    await rm(file)
  })
})

describe('a long command', () => {
  it('gives exit code and both outputs, and leaves no file behind', async () => {
    const result = await long('cat; echo err >&2; exit 7', { stdin: 'in\n' })
    expect(result).toEqual({ exitCode: 7, stdout: 'in\n', stderr: 'err\n' })
    expect(await readdir(folder)).toEqual([])
  })

  it('outlives a cut connection: runs once, and its output has no gap', async () => {
    const script = `echo run >> "$0/runs"
      for i in 1 2 3 4 5 6 7 8; do echo $i; echo $i >> "$0/said"; sleep 0.3; done
      exit 3`
    const running = node.execText(['sh', '-c', script, folder], { timeoutMs: 60_000, signal })
    for (const digit of ['2', '5']) {
      const said = (): Promise<string> => readFile(join(folder, 'said'), 'utf8').catch(() => '')
      await vi.waitFor(async () => expect(await said()).toContain(digit), { timeout: 5_000 })
      // What follows the job's output looks ten times a second.
      await delay(200)
      portforward.cut()
    }
    expect(await running).toEqual({ exitCode: 3, stdout: '1\n2\n3\n4\n5\n6\n7\n8\n', stderr: '' })
    expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('run\n')
    expect(sshServer.logins).toBe(3)
  })

  it('begins only with all of its input, however often that is cut', async () => {
    await short(['true'])
    const stdin = Buffer.alloc(2 * 2 ** 20, 'k')
    const running = long('wc -c; echo run >> "$0/runs"'.replace('$0', folder), { stdin })
    await vi.waitFor(() => expect(sshServer.commands.length).toBeGreaterThan(1))
    portforward.cut()
    expect((await running).stdout.trim()).toBe(String(stdin.length))
    expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('run\n')
  })

  it('keeps its input from others, and only until it has opened it', async () => {
    const { stdout } = await long(
      'cat; ls "$0"/*/stdin 2>&1; stat -c %a "$0"/*/ | sort -u'.replaceAll('$0', folder),
      {
        stdin: 'secret ',
      },
    )
    expect(stdout).toMatch(/^secret ls: .*No such file or directory\n700\n$/)
  })

  it('is ended when aborted', async () => {
    const abort = new AbortController()
    const file = join(folder, 'alive')
    const running = long(
      `timeout 60 sh -c 'trap "echo ended > ${file}; exit 1" TERM; echo up > ${file}; sleep 30 & wait'`,
      { signal: abort.signal },
    )
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toBe('up\n'), 4_000)
    abort.abort()
    await expect(running).rejects.toMatchObject({ code: 'cancelled' })
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toBe('ended\n'), 4_000)
  })

  it('says when the node has forgotten it', async () => {
    const file = join(folder, 'up')
    const running = long(`echo up > ${file}; sleep 30`)
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toBe('up\n'), 4_000)
    // Its start is known to have ended, or it would be started again.
    await vi.waitFor(() => expect(sshServer.commands.length).toBeGreaterThan(1), 4_000)
    void rm(folder, { recursive: true, force: true }).then(() => {
      portforward.cut()
    })
    await expect(running).rejects.toThrow(/node "demo-worker-0" was restarted, or "sh" was killed/)
  })
})

describe('streams', () => {
  /** Takes nothing before it is told to. */
  class Waiter extends Writable {
    bytes = 0
    #go: (() => void) | undefined
    #mayGo = false
    override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
      this.bytes += chunk.length
      if (this.#mayGo) done()
      else this.#go = done
    }
    go(): void {
      this.#mayGo = true
      this.#go?.()
    }
  }
  const drain = (): PassThrough => new PassThrough().resume()
  const exec = (script: string, options: Partial<ExecOptions>): Promise<number> =>
    node.exec(['sh', '-c', script], {
      ...{ timeoutMs: 60_000, signal, stdout: drain(), stderr: drain() },
      ...options,
    })

  it('let the node wait for a slow reader, though the other output is read', async () => {
    const stdout = new Waiter()
    const file = join(folder, 'written')
    // As tar does with -v: a word on the one output for each piece on the other.
    const script = `for i in $(seq 400); do head -c 100000 /dev/zero; echo $i >&2; echo $i > ${file}; done`
    const running = exec(script, { stdout })
    const written = async (): Promise<number> => 100_000 * Number(await readFile(file, 'utf8').catch(() => 0))
    let [before, now] = [-1, 0]
    while (now === 0 || now > before) {
      await delay(1_000)
      before = now
      now = await written()
    }
    // The window of SSH, and the pipes on the way.
    expect(await written()).toBeLessThan(10_000_000)
    stdout.go()
    expect(await running).toBe(0)
    expect(stdout.bytes).toBe(40_000_000)
  }, 30_000)

  it('read no more of an input than the command takes', async () => {
    let read = 0
    const stdin = new Readable({
      read() {
        read += 65_536
        this.push(read > 20_000_000 ? null : Buffer.alloc(65_536))
      },
    })
    const running = exec(`until [ -e ${folder}/go ]; do sleep 0.1; done; wc -c > ${folder}/count`, { stdin })
    await delay(1_500)
    expect(read).toBeLessThan(10_000_000)
    await writeFile(join(folder, 'go'), '')
    expect(await running).toBe(0)
    expect(Number(await readFile(join(folder, 'count'), 'utf8'))).toBe(read - 65_536)
  }, 30_000)

  it('are ended by an abort, and so is the command', async () => {
    const abort = new AbortController()
    const file = join(folder, 'alive')
    const script = `trap "echo ended > ${file}; exit 1" TERM; echo up > ${file}; while :; do sleep 0.1; done`
    const running = exec(script, { signal: abort.signal })
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toBe('up\n'), 4_000)
    abort.abort()
    await expect(running).rejects.toMatchObject({ code: 'cancelled' })
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toBe('ended\n'), 4_000)
  })

  it('end with a lost connection', async () => {
    const running = exec(`echo up > ${folder}/up; sleep 20`, {})
    await vi.waitFor(() => readFile(join(folder, 'up')), 4_000)
    portforward.cut()
    await expect(running).rejects.toMatchObject({ code: 'host-unreachable' })
  })
})

describe('a node that cannot be reached at once', () => {
  // Pauses grow with every try: two short rows of answers take half as long as a long one.
  it.each<{ readonly answers: readonly Refusal[] }>([
    {
      answers: [
        { code: 400, message: 'no network interfaces are present' },
        { code: 409, message: 'VMI is not started' },
        { code: 500, message: 'dialing VM: connect: no route to host' },
      ],
    },
    { answers: ['mute', 'end', 'silence'] },
  ])(
    'is tried again through everything a starting VM answers',
    async ({ answers }) => {
      portforward.refuse(...answers)
      const patient = openNode({}, undefined, 30_000)
      const limits = { timeoutMs: 20_000, signal }
      await expect(patient.execText(['echo', 'up'], limits)).resolves.toMatchObject({ stdout: 'up\n' })
      expect(portforward.asked).toHaveLength(answers.length + 1)
    },
    30_000,
  )

  it.each([
    [403, 'not-permitted'],
    [404, 'not-found'],
  ])('is given up at once when the answer is %i', async (code, expected) => {
    portforward.refuse({ code, message: 'no' })
    await expect(short(['true'])).rejects.toMatchObject({ code: expected })
    expect(portforward.asked).toHaveLength(1)
  })

  it('tells what was seen last, and what is known of it', async () => {
    const change: Partial<SshRoute> = {
      dial: (until) => forwardToVm(portforward.api, cluster, 'other', 22, until),
      explain: () => Promise.resolve('its host node reaches it'),
    }
    const lost = openNode(change, undefined, 1_000)
    const failing = lost.execText(['true'], { timeoutMs: 20_000, signal })
    await expect(failing).rejects.toMatchObject({ code: 'timeout' })
    await expect(failing).rejects.toThrow(
      /within 1 s; last seen: .*connection refused; its host node reaches it/,
    )
  })
})

describe('trust', () => {
  it('refuses another host key at once, and says nothing to it', async () => {
    const suspicious = openNode({}, { host: newPair().public, client: client.private })
    const refused = suspicious.execText(['true'], { timeoutMs: 20_000, signal })
    await expect(refused).rejects.toMatchObject({ code: 'conflict' })
    await expect(refused).rejects.toThrow(/another SSH host key/)
    expect(sshServer.logins).toBe(0)
    expect(portforward.asked).toHaveLength(1)
  })

  it('says when its own key is not accepted', async () => {
    const stranger = openNode({}, { host: host.public, client: newPair().private })
    await expect(stranger.execText(['true'], { timeoutMs: 20_000, signal })).rejects.toMatchObject({
      code: 'not-permitted',
    })
  })
})

describe('a port of the node', () => {
  let echo: Server

  beforeEach(async () => {
    echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => new Promise((resolve) => echo.close(resolve)))

  it('carries bytes, also after one side has said its last', async () => {
    const stream = await node.dial((echo.address() as AddressInfo).port, signal)
    stream.end(Buffer.alloc(2 ** 20, 'k'))
    expect((await buffer(stream)).length).toBe(2 ** 20)
  })

  it('that is closed is an error', async () => {
    const { port } = echo.address() as AddressInfo
    await new Promise((resolve) => echo.close(resolve))
    await expect(node.dial(port, signal)).rejects.toMatchObject({ code: 'host-unreachable' })
  })
})

describe('a terminal', () => {
  it('passes keys, sizes and the exit code on', async () => {
    const stdin = new PassThrough()
    const stdout = Object.assign(new PassThrough(), { columns: 100, rows: 30 })
    const streams = { stdin, stdout } as unknown as TerminalStreams
    let seen = ''
    stdout.on('data', (data: Buffer) => (seen += data.toString()))
    const code = node.terminal?.([], streams, signal)
    await vi.waitFor(() => expect(seen).toContain('shell of 100x30'))
    Object.assign(stdout, { columns: 120, rows: 40 }).emit('resize')
    stdin.write('size')
    await vi.waitFor(() => expect(seen).toContain('120x40'))
    stdin.write('5')
    expect(await code).toBe(5)
  })
})

it('connections end with the API client', async () => {
  await short(['true'])
  portforward.api.close()
  await expect(short(['sleep', '5'])).rejects.toMatchObject({ code: 'cancelled' })
})
