import type { PodRef } from '../contracts/kubernetes.js'
import type { TerminalStreams } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { toBytes } from '../streams/index.js'
import type { ApiLink } from './api-link.js'
import { openChannelSocket, ProtocolRefused, type ChannelSocket } from './channel-socket.js'
import { channel, execPath, openEnding, podText, withoutStdinEnd, withStdinEnd } from './exec.js'

/** A command with a terminal of its own. The local terminal is raw meanwhile and restored in the end. */
export async function openTerminal(
  link: ApiLink,
  pod: PodRef,
  argv: readonly string[],
  streams: TerminalStreams,
  signal: AbortSignal,
): Promise<number> {
  const subject = podText(pod)
  const ending = openEnding(link, subject, argv[0] ?? '')
  let socket: ChannelSocket | undefined
  const onDrain = () => socket?.resume()
  streams.stdout.on('drain', onDrain)
  try {
    socket = await openChannelSocket(link, {
      path: execPath(pod, argv, { stdin: true, stdout: true, stderr: false, tty: true }),
      protocols: [withStdinEnd, withoutStdinEnd],
      signal,
      subject,
      onMessage: (from, data) => {
        if (from === channel.status) ending.onStatus(data)
        else if (from === channel.stdout && !streams.stdout.write(data)) socket?.pause()
      },
      onEnd: ending.onEnd,
    })
    const disconnect = connectKeyboard(socket, streams)
    try {
      return await ending.exitCode
    } finally {
      disconnect()
    }
  } catch (error) {
    if (!(error instanceof ProtocolRefused)) throw error
    throw new KnestError('prerequisite', `${link.description} offers no terminal in ${subject}`, {
      cause: error,
    })
  } finally {
    streams.stdout.off('drain', onDrain)
    socket?.close()
  }
}

/** Passes keys and window sizes on. Gives the function that undoes everything. */
function connectKeyboard(socket: ChannelSocket, { stdin, stdout }: TerminalStreams): () => void {
  const wasRaw = stdin.isRaw
  const sendSize = () => {
    if (!stdout.isTTY) return
    const size = JSON.stringify({ Width: stdout.columns, Height: stdout.rows })
    socket.send(channel.resize, Buffer.from(size)).catch(() => undefined)
  }
  const onKeys = (keys: Buffer | string) => {
    stdin.pause()
    socket.send(channel.stdin, toBytes(keys)).then(
      () => stdin.resume(),
      // The end of the socket is reported by the socket itself.
      () => undefined,
    )
  }
  const onEnd = () => {
    if (socket.protocol === withStdinEnd) {
      socket.send(channel.close, Uint8Array.of(channel.stdin)).catch(() => undefined)
    }
  }
  if (stdin.isTTY) stdin.setRawMode(true)
  stdin.on('data', onKeys)
  stdin.on('end', onEnd)
  stdout.on('resize', sendSize)
  sendSize()
  return () => {
    stdin.off('data', onKeys)
    stdin.off('end', onEnd)
    stdout.off('resize', sendSize)
    if (stdin.isTTY) stdin.setRawMode(wasRaw)
    stdin.pause()
  }
}
