import { KnestError, onAbort } from '@knest/core'
import type { TerminalStreams } from '@knest/core'
import type { ClientChannel } from 'ssh2'
import type { SshConnection } from './connection.js'
import { quote } from './quote.js'

/** A command, or root's login shell, with a terminal. The local one is raw meanwhile and restored in the end. */
export async function openSshTerminal(
  connection: SshConnection,
  subject: string,
  argv: readonly string[],
  { stdin, stdout }: TerminalStreams,
  signal: AbortSignal,
): Promise<number> {
  const command = argv.length === 0 ? undefined : quote(argv)
  const window = { rows: stdout.rows || 24, cols: stdout.columns || 80, term: process.env.TERM ?? 'xterm' }
  const { exitCode } = await connection.openTerminal(command, {
    window,
    take: (channel) => {
      const disconnect = connectKeyboard(channel, { stdin, stdout })
      return { exitCode: readTerminal(channel, subject, stdout, signal).finally(disconnect) }
    },
  })
  return exitCode
}

function readTerminal(
  channel: ClientChannel,
  subject: string,
  stdout: NodeJS.WriteStream,
  signal: AbortSignal,
): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    const onDrain = (): void => void channel.resume()
    let code: number | undefined
    const forget = onAbort(signal, (error) => {
      channel.close()
      reject(error)
    })
    stdout.on('drain', onDrain)
    channel.on('data', (data: Buffer) => {
      if (!stdout.write(data)) channel.pause()
    })
    channel.on('exit', (exit: number | null) => {
      code = exit ?? 1
    })
    channel.on('error', () => undefined)
    channel.once('close', () => {
      forget()
      stdout.off('drain', onDrain)
      if (code === undefined)
        reject(new KnestError('host-unreachable', `the terminal of ${subject} was cut off`))
      else resolve(code)
    })
  })
}

/** Passes keys and window sizes on. Gives the function that undoes everything. */
function connectKeyboard(channel: ClientChannel, { stdin, stdout }: TerminalStreams): () => void {
  const wasRaw = stdin.isRaw
  const onSize = (): void => channel.setWindow(stdout.rows, stdout.columns, 0, 0)
  const onKeys = (keys: Buffer | string): void => {
    if (channel.write(keys)) return
    stdin.pause()
    channel.once('drain', () => stdin.resume())
  }
  const onEnd = (): void => void channel.end()
  if (stdin.isTTY) stdin.setRawMode(true)
  stdin.on('data', onKeys)
  stdin.on('end', onEnd)
  stdout.on('resize', onSize)
  stdin.resume()
  return () => {
    stdin.off('data', onKeys)
    stdin.off('end', onEnd)
    stdout.off('resize', onSize)
    if (stdin.isTTY) stdin.setRawMode(wasRaw)
    stdin.pause()
  }
}
