import type { CommandOutput } from '../contracts/node-backend.js'
import { openSink, type Pausable, type Sink } from './sink.js'

/** The two outputs of a command, and what may go wrong with them. */
export interface Output {
  readonly stdout: Pick<Sink, 'write'>
  readonly stderr: Pick<Sink, 'write'>
  /** Rejects when one of the streams takes no more, or with what `fail` is told. */
  readonly failed: Promise<never>
  readonly fail: (error: unknown) => void
  /** Resolves when the streams have taken everything; rejects as `failed` does. */
  taken(): Promise<void>
  release(): void
}

/** `sources` wait while the stream is full that their bytes go to. */
export function openOutput(
  to: CommandOutput,
  sources: { readonly stdout: Pausable; readonly stderr: Pausable },
): Output {
  let fail: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  // It may fail before anybody waits for it.
  failed.catch(() => undefined)
  const stdout = openSink(to.stdout, sources.stdout, fail)
  const stderr = openSink(to.stderr, sources.stderr, fail)
  return {
    stdout,
    stderr,
    failed,
    fail,
    taken: async () => {
      await Promise.race([failed, Promise.all([stdout.taken(), stderr.taken()])])
    },
    release: () => {
      stdout.release()
      stderr.release()
    },
  }
}
