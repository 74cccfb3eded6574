import { spawn } from 'node:child_process'
import { connect, type AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import ssh2 from 'ssh2'
import type { ServerChannel, Session } from 'ssh2'

/**
 * For tests: stands for the SSH server of a VM node. The protocol is real (ssh2's own server); commands run
 * on this machine.
 */
export interface FakeSshServer {
  readonly port: number
  /** How many logins there were. */
  readonly logins: number
  readonly commands: readonly string[]
  close(): Promise<void>
}

export interface FakeSshOptions {
  readonly hostKey: string
  /** A line as in `authorized_keys`; nobody else is let in. */
  readonly authorizedKey: string
  readonly env?: Readonly<Record<string, string>>
}

export async function startFakeSshServer(options: FakeSshOptions): Promise<FakeSshServer> {
  const state = { logins: 0, commands: [] as string[] }
  const authorized = Buffer.from(options.authorizedKey.split(' ')[1] ?? '', 'base64')
  const server = new ssh2.Server({ hostKeys: [options.hostKey] }, (client) => {
    client.on('error', () => undefined)
    client.on('authentication', (attempt) => {
      const known = attempt.method === 'publickey' && attempt.key.data.equals(authorized)
      if (known && attempt.username === 'root') attempt.accept()
      else attempt.reject(['publickey'])
    })
    client.on('ready', () => {
      state.logins += 1
      client.on('session', (accept) => serveSession(accept(), state.commands, options.env ?? {}))
      client.on('tcpip', (accept, reject, { destPort }) => {
        const socket = connect(destPort, '127.0.0.1')
        socket.once('error', () => reject())
        socket.once('connect', () => {
          socket.removeAllListeners('error').on('error', () => undefined)
          const channel = accept()
          channel.pipe(socket).pipe(channel)
          channel.once('close', () => socket.destroy())
        })
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get logins() {
      return state.logins
    },
    commands: state.commands,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}

function serveSession(session: Session, commands: string[], env: Readonly<Record<string, string>>): void {
  let terminal: string | undefined
  session.on('pty', (accept, _reject, { cols, rows }) => {
    terminal = `${cols}x${rows}`
    accept()
  })
  session.on('window-change', (accept, _reject, { cols, rows }) => {
    terminal = `${cols}x${rows}`
    // It may ask for no answer.
    ;(accept as (() => void) | undefined)?.()
  })
  session.on('shell', (accept) => {
    const channel = accept()
    channel.write(`shell of ${terminal ?? 'no terminal'}\r\n`)
    channel.on('data', (keys: Buffer) => {
      if (keys.toString() === 'size') channel.write(`${terminal ?? ''}\r\n`)
      else end(channel, Number(keys.toString()))
    })
  })
  session.on('exec', (accept, _reject, { command }) => {
    commands.push(command)
    const channel = accept()
    const child = spawn('sh', ['-c', command], { env: { ...process.env, ...env }, detached: true })
    child.stdin.on('error', () => undefined)
    channel.pipe(child.stdin)
    channel.on('error', () => undefined)
    const { stdout, stderr } = inTurns(channel)
    const sent = [finished(child.stdout.pipe(stdout)), finished(child.stderr.pipe(stderr))]
    child.once('close', (code, signal) => {
      void Promise.all(sent).then(() => {
        if (code === null) channel.exit(signal?.replace('SIG', '') ?? 'KILL')
        else channel.exit(code)
        channel.end()
      })
    })
    // OpenSSH signals the process group.
    session.on('signal', (_accept, _reject, { name }) => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, `SIG${name}`)
    })
  })
}

/**
 * Both outputs of a channel, a chunk at a time, as they share one window. ssh2's server loses or repeats chunks
 * of two outputs that wait for it at once: it keeps the chunk that waited last, also after it was sent.
 */
function inTurns(channel: ServerChannel): { readonly stdout: Writable; readonly stderr: Writable } {
  let turn = Promise.resolve()
  const into = (output: Writable): Writable =>
    new Writable({
      write: (chunk, _encoding, done) => {
        turn = turn
          .then(() => new Promise<void>((sent) => output.write(chunk, () => sent())))
          .then(() => {
            Object.assign(channel, { _chunk: undefined, _chunkcb: undefined })
            done()
          })
      },
    })
  return { stdout: into(channel), stderr: into(channel.stderr) }
}

function end(channel: ServerChannel, code: number): void {
  channel.exit(code)
  channel.end()
}
