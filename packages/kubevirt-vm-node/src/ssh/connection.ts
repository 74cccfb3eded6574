import type { Duplex } from 'node:stream'
import { KnestError, onAbort } from '@knest/core'
import type { Client, ClientChannel } from 'ssh2'
import { runInChannel, type RunOptions } from './command.js'

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

/** One SSH connection: any number of commands, streams and terminals at the same time. */
export interface SshConnection {
  readonly closed: boolean
  /** See NodeHandle.exec; rejects with ConnectionLost. An aborted command is told to end. */
  run(command: string, options: RunOptions): Promise<number>
  /** A byte stream to a port of the node itself. */
  dial(port: number, signal: AbortSignal): Promise<Duplex>
  /** A channel with a terminal, a login shell without a command, given to `take` as soon as it is open. */
  openTerminal<T>(
    command: string | undefined,
    terminal: { readonly window: Window; readonly take: (channel: ClientChannel) => T },
  ): Promise<T>
  end(): void
}

interface Window {
  readonly rows: number
  readonly cols: number
  readonly term: string
}

/** Takes over a client that is logged in. */
export function holdConnection(client: Client, subject: string): SshConnection {
  const state = { closed: false }
  // Any number of channels may be opening at the same time.
  const opening = new Set<() => void>()
  client.once('close', () => {
    state.closed = true
    for (const lose of opening) lose()
  })

  /**
   * Opens a channel and gives it to `take` at once: what the far side says next may be in the same packet.
   * ssh2 forgets to call back when the connection ends meanwhile.
   */
  const open = <T>(
    ask: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
    refused: (cause: Error) => KnestError,
    take: (channel: ClientChannel) => T,
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      // It was asked for: who knows what the far side has done by now.
      const onClose = (): void => reject(new ConnectionLost(subject, true))
      opening.add(onClose)
      try {
        ask((error, channel) => {
          opening.delete(onClose)
          if (error !== undefined)
            reject(state.closed ? new ConnectionLost(subject, true, error) : refused(error))
          else resolve(take(channel))
        })
      } catch (error) {
        // ssh2 throws when it is not connected, which it may know before it says so.
        state.closed = true
        opening.delete(onClose)
        reject(new ConnectionLost(subject, false, error))
      }
    })
  const noChannel = (cause: Error): KnestError =>
    new KnestError('host-unreachable', `${subject} opens no channel for a command`, { cause })

  return {
    get closed() {
      return state.closed
    },
    run: async (command, options) => {
      options.signal.throwIfAborted()
      const take = (channel: ClientChannel): { readonly exitCode: Promise<number> } => ({
        exitCode: runInChannel(channel, options, () => new ConnectionLost(subject, true)),
      })
      // ssh2 signals nobody whose input is at its end.
      const words = options.stdin === undefined ? `${command} </dev/null` : command
      const { exitCode } = await open((done) => client.exec(words, done), noChannel, take)
      return exitCode
    },
    dial: (port, signal) => {
      signal.throwIfAborted()
      const refused = (cause: Error): KnestError =>
        new KnestError('host-unreachable', `port ${port} of ${subject} does not answer: ${cause.message}`, {
          cause,
          hint: 'does a program listen there?',
        })
      return open(
        (done) => client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, done),
        refused,
        (channel) => {
          const forget = onAbort(signal, () => channel.destroy())
          channel.once('close', forget)
          // Its end is seen by who reads it.
          channel.on('error', () => undefined)
          return channel
        },
      )
    },
    openTerminal: (command, { window, take }) => {
      const pty = { ...window, width: 0, height: 0 }
      return open(
        (done) => (command === undefined ? client.shell(pty, done) : client.exec(command, { pty }, done)),
        noChannel,
        take,
      )
    },
    end: () => {
      client.end()
    },
  }
}
