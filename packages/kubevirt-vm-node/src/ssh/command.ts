import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { connectCommand, onAbort, openInput, openOutput, unlessAborted } from '@knest/core'
import type { CommandOutput, ExecOptions, KnestError } from '@knest/core'
import type { ClientChannel } from 'ssh2'

export interface RunOptions extends CommandOutput {
  readonly stdin?: ExecOptions['stdin']
  readonly signal: AbortSignal
}

/** Passes on what a command in a channel reads and writes; gives its exit code. */
export async function runInChannel(
  channel: ClientChannel,
  options: RunOptions,
  lost: () => KnestError,
): Promise<number> {
  const input = options.stdin === undefined ? undefined : openInput(options.stdin)
  const output = openOutput(options, { stdout: channel, stderr: channel.stderr })
  const forget = onAbort(options.signal, output.fail)
  try {
    keepWindow(channel)
    const ended = exitCodeOf(channel, lost)
    connectCommand({ stdin: channel, stdout: channel, stderr: channel.stderr }, input, output)
    const exitCode = await Promise.race([output.failed, ended])
    await unlessAborted(output.taken(), options.signal)
    return exitCode
  } catch (error) {
    // OpenSSH passes it on to the command; one that is gone already needs none.
    if (channel.writable) channel.signal('TERM')
    channel.close()
    // It closes when all has been read.
    channel.resume()
    channel.stderr.resume()
    throw error
  } finally {
    forget()
    input?.stop()
    output.release()
  }
}

async function exitCodeOf(channel: ClientChannel, lost: () => KnestError): Promise<number> {
  let code: number | undefined
  channel.on('exit', (exit: number | null, name?: string) => {
    code = exit ?? 128 + signalNumber(name)
  })
  // It closes when standard output has been read to its end; standard error may have more.
  await Promise.all([
    new Promise((resolve) => channel.once('close', resolve)),
    new Promise((resolve) => channel.stderr.once('end', resolve)),
  ])
  if (code === undefined) throw lost()
  return code
}

/**
 * Both outputs share one window. ssh2 opens it again when either of them has room, so that an output
 * nobody reads would pile up here while the other is read.
 */
function keepWindow(channel: ClientChannel): void {
  lookAlsoAt(channel.stderr, channel)
  lookAlsoAt(channel, channel.stderr)
}

function lookAlsoAt(other: Readable, one: Readable): void {
  const hasRoom = (): boolean => other.readableLength < other.readableHighWaterMark
  const push = one.push.bind(one)
  const read = one._read.bind(one)
  one.push = (data: unknown) => push(data) && hasRoom()
  one._read = (size) => {
    if (hasRoom()) read(size)
  }
}

function signalNumber(name = 'KILL'): number {
  const numbers = constants.signals as Readonly<Record<string, number | undefined>>
  return numbers[name.startsWith('SIG') ? name : `SIG${name}`] ?? 0
}
