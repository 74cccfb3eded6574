import { anySignal } from 'knest'
import type { Deps } from './deps.js'
import { brokenPipeExitCode, SilentExit } from './exit-codes.js'

/**
 * Runs work that has no end of its own, until who reads its results goes: then it ends as a program that SIGPIPE ends.
 * Results that find no room end it, too; whoever ends the process tells of them.
 */
export async function whileRead(
  { streams }: Pick<Deps, 'streams'>,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const gone = new AbortController()
  const onError = (error: NodeJS.ErrnoException): void => gone.abort(error)
  streams.stdout.once('error', onError)
  try {
    await work(anySignal(signal, gone.signal))
  } catch (error) {
    if (!gone.signal.aborted || signal.aborted) throw error
    const { code } = gone.signal.reason as NodeJS.ErrnoException
    if (code === 'EPIPE') throw new SilentExit(brokenPipeExitCode)
  } finally {
    streams.stdout.off('error', onError)
  }
}
