import type { Readable, Writable } from 'node:stream'
import type { Input } from './input.js'
import type { Output } from './output.js'

/** The streams of a command that is near: a child process, or a channel of SSH. */
export interface CommandStreams {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
}

/** Passes on what a command writes, and to it what it shall read; its input is left open without any. */
export function connectCommand(command: CommandStreams, input: Input | undefined, output: Output): void {
  command.stdout.on('data', (data: Buffer) => output.stdout.write(data))
  command.stderr.on('data', (data: Buffer) => output.stderr.write(data))
  // A command that ends before it has read everything is judged by its exit code.
  command.stdin.on('error', () => undefined)
  if (input === undefined) return
  const send = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      command.stdin.write(bytes, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  input.sendTo(send).then((sent) => {
    if (sent === 'all') command.stdin.end()
  }, output.fail)
}
