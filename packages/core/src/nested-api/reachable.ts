import { connect } from 'node:tls'
import { anySignal } from '../signals.js'

export interface ApiTarget {
  readonly url: string
  /** PEM; only the cluster's own API server can show a certificate that it signed. */
  readonly ca: string
  readonly serverName: string
}

/**
 * True when the cluster's API server itself answers there within the time. An open port is no proof: some
 * networks answer for every address.
 */
function reachesApi(target: ApiTarget, signal: AbortSignal, timeoutMs = 3000): Promise<boolean> {
  const { hostname, port } = new URL(target.url)
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname,
      port: Number(port),
      ca: target.ca,
      servername: target.serverName,
    })
    const end = (answer: boolean): void => {
      signal.removeEventListener('abort', give)
      socket.destroy()
      resolve(answer)
    }
    const give = (): void => end(false)
    signal.addEventListener('abort', give)
    socket.setTimeout(timeoutMs, give)
    socket.once('secureConnect', () => end(socket.authorized))
    socket.once('error', give)
  })
}

/** The first of the targets, best first, that is reached; does not wait for worse ones. */
export async function firstReachable(
  targets: readonly ApiTarget[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const done = new AbortController()
  const answers = targets.map((target) => reachesApi(target, anySignal(signal, done.signal)))
  try {
    for (const [index, target] of targets.entries()) if (await answers[index]) return target.url
    return undefined
  } finally {
    done.abort()
  }
}
