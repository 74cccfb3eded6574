import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { KubeApi, PodRef } from '../contracts/kubernetes.js'
import type { CommandOutput, ExecResult, ExecTextOptions } from '../contracts/node-backend.js'

const mostBytes = 16 * 1024 * 1024

/** Keeps the first 16 MiB of what is written to it, and says so when that was not all. */
export class TextSink extends Writable {
  readonly #pieces: Uint8Array[] = []
  #bytes = 0

  constructor() {
    super({ highWaterMark: mostBytes })
  }

  /** How many were written, kept or not. */
  get bytes(): number {
    return this.#bytes
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const room = mostBytes - this.#bytes
    if (room > 0) this.#pieces.push(chunk.subarray(0, room))
    this.#bytes += chunk.length
    done()
  }

  text(): string {
    const kept = Buffer.concat(this.#pieces)
    if (this.#bytes <= mostBytes) return kept.toString('utf8')
    // Leaves out a character that was cut in the middle.
    return `${new StringDecoder('utf8').write(kept)}\n[cut after ${mostBytes / 1024 / 1024} MiB]\n`
  }
}

/** Runs a command with streams that keep its output as text. */
export async function collectText(run: (output: CommandOutput) => Promise<number>): Promise<ExecResult> {
  const stdout = new TextSink()
  const stderr = new TextSink()
  const exitCode = await run({ stdout, stderr })
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}

/** Runs a command in a pod whose output is text. */
export function execText(
  api: Pick<KubeApi, 'exec'>,
  pod: PodRef,
  argv: readonly string[],
  options: ExecTextOptions,
): Promise<ExecResult> {
  return collectText((output) => api.exec(pod, argv, { ...options, ...output }))
}
