import { constants } from 'node:os'
import type { Duplex } from 'node:stream'
import { KnestError, onAbort } from '@knest/core'
import type { Client, ClientChannel } from 'ssh2'

/** The connection ended before the command did: it may still run. */
export class ConnectionLost extends KnestError {
  override readonly name = 'ConnectionLost'
  /** False: the command was not begun. */
  readonly begun: boolean

  constructor(subject: string, begun: boolean, cause?: unknown) {
    super('host-unreachable', `the SSH connection to ${subject} was lost`, {
      cause,
      hint: 'is the VM running? Run the command again',
    })
    this.begun = begun
  }
}

export interface RunOptions {
  readonly stdin?: string | Buffer | undefined
  readonly signal: AbortSignal
  onStdout(data: Buffer): void
  onStderr(data: Buffer): void
}

/** One SSH connection: any number of commands, streams and terminals at the same time. */
export interface SshConnection {
  readonly closed: boolean
  /** Gives the exit code; rejects with ConnectionLost. An aborted command is told to end. */
  run(command: string, options: RunOptions): Promise<number>
  /** A byte stream to a port of the node itself. */
  dial(port: number, signal: AbortSignal): Promise<Duplex>
  /** A channel with a terminal; a login shell without a command. */
  openTerminal(command: string | undefined, window: Window): Promise<ClientChannel>
  end(): void
}

export interface Window {
  readonly rows: number
  readonly cols: number
  readonly term: string
}

/** Takes over a client that is logged in. */
export function holdConnection(client: Client, subject: string): SshConnection {
  const state = { closed: false }
  client.once('close', () => {
    state.closed = true
  })

  /** Opens a channel; ssh2 forgets to call back when the connection ends meanwhile. */
  const open = <T>(ask: (done: (error: Error | undefined, channel: T) => void) => void): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const onClose = (): void => reject(new ConnectionLost(subject, false))
      client.once('close', onClose)
      try {
        ask((error, channel) => {
          client.off('close', onClose)
          if (error === undefined) resolve(channel)
          else reject(error)
        })
      } catch (error) {
        client.off('close', onClose)
        reject(new ConnectionLost(subject, false, error))
      }
    })

  return {
    get closed() {
      return state.closed
    },
    run: async (command, options) => {
      options.signal.throwIfAborted()
      const channel = await open<ClientChannel>((done) => client.exec(command, done)).catch(
        (error: unknown) => {
          if (error instanceof ConnectionLost) throw error
          throw new KnestError('host-unreachable', `${subject} opens no channel for a command`, {
            cause: error,
          })
        },
      )
      return exitCodeOf(channel, subject, options)
    },
    dial: async (port, signal) => {
      signal.throwIfAborted()
      const channel = await open<ClientChannel>((done) =>
        client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, done),
      ).catch((error: unknown) => {
        if (error instanceof ConnectionLost) throw error
        const message = `port ${port} of ${subject} does not answer: ${error instanceof Error ? error.message : ''}`
        throw new KnestError('host-unreachable', message, {
          cause: error,
          hint: 'does a program listen there?',
        })
      })
      const forget = onAbort(signal, () => channel.destroy())
      channel.once('close', forget)
      // Its end is seen by who reads it.
      channel.on('error', () => undefined)
      return channel
    },
    openTerminal: (command, window) => {
      const pty = { ...window, width: 0, height: 0 }
      return open<ClientChannel>((done) =>
        command === undefined ? client.shell(pty, done) : client.exec(command, { pty }, done),
      )
    },
    end: () => {
      client.end()
    },
  }
}

/** Reads a channel to its end. */
export function exitCodeOf(channel: ClientChannel, subject: string, options: RunOptions): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    let code: number | undefined
    const forget = onAbort(options.signal, (error) => {
      // OpenSSH passes it on to the command; one that is gone already needs none.
      if (channel.writable) channel.signal('TERM')
      channel.close()
      reject(error)
    })
    channel.on('data', (data: Buffer) => options.onStdout(data))
    channel.stderr.on('data', (data: Buffer) => options.onStderr(data))
    // A command that ends without reading all of its input is judged by its exit code.
    channel.on('error', () => undefined)
    channel.on('exit', (exit: number | null, name?: string) => {
      code = exit ?? 128 + signalNumber(name)
    })
    channel.once('close', () => {
      forget()
      if (code === undefined) reject(new ConnectionLost(subject, true))
      else resolve(code)
    })
    channel.end(options.stdin)
  })
}

function signalNumber(name = 'KILL'): number {
  const numbers = constants.signals as Readonly<Record<string, number | undefined>>
  return numbers[name.startsWith('SIG') ? name : `SIG${name}`] ?? 0
}
