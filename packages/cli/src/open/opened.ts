import type { OpenedPort } from 'knest'
import type { Deps } from '../deps.js'

/** Prints the URL, alone; to people it says which of several ports that is. */
export function showOpened({ messages, streams }: Deps, opened: OpenedPort): void {
  const { subject, port, otherPorts, url } = opened
  if (otherPorts.length > 0)
    messages.note(`${subject} has ports ${[port, ...otherPorts].join(', ')}; this is ${port}`)
  streams.out(`${url}\n`)
}

type WhileRead = (signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>) => Promise<void>

/** Resolves when the command is stopped. */
export async function untilStopped(
  { interrupts, messages }: Deps,
  { subject, port }: OpenedPort,
  cluster: string,
  whileRead: WhileRead,
): Promise<void> {
  const stop = new AbortController()
  const forget = interrupts.listen((signal) => {
    if (stop.signal.aborted) interrupts.exitNow(signal)
    stop.abort()
  })
  try {
    messages.info(`Forwarding to port ${port} of ${subject} of cluster "${cluster}" until Ctrl-C`)
    await whileRead(stop.signal, ended)
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    forget()
  }
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
