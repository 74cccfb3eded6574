import type { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { hasNames, hostsIn } from '../pki/served-names.js'
import { portOf } from '../url-host.js'
import { anySignal, pause } from '../signals.js'
import type { ApiTarget } from './api-targets.js'

/** Where the API answers, and whether a client that only knows the URL and the authority trusts it there. */
export interface ReachedApi {
  readonly url: string
  /** The URL's host stands in the certificate. */
  readonly named: boolean
  /** What it shows; absent where it was not seen. */
  readonly certificate?: X509Certificate
}

/**
 * Set when the cluster's API server itself answers there within the time. An open port is no proof: some
 * networks answer for every address.
 */
function reachApi(target: ApiTarget, signal: AbortSignal, timeoutMs = 3000): Promise<ReachedApi | undefined> {
  const [host = ''] = hostsIn([target.url])
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: portOf(new URL(target.url)),
      ca: target.ca,
      servername: target.serverName,
    })
    const end = (answer?: ReachedApi): void => {
      signal.removeEventListener('abort', give)
      socket.destroy()
      resolve(answer)
    }
    const give = (): void => end()
    signal.addEventListener('abort', give)
    socket.setTimeout(timeoutMs, give)
    socket.once('secureConnect', () => {
      const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined
      if (certificate === undefined) end()
      else end({ url: target.url, named: hasNames(certificate, [host]), certificate })
    })
    socket.once('error', give)
  })
}

/** The first of the targets, best first, that is reached; does not wait for worse ones. */
export async function firstReachable(
  targets: readonly ApiTarget[],
  signal: AbortSignal,
  timeoutMs?: number,
): Promise<ReachedApi | undefined> {
  const done = new AbortController()
  const answers = targets.map((target) => reachApi(target, anySignal(signal, done.signal), timeoutMs))
  try {
    for (const answer of answers) {
      const reached = await answer
      if (reached !== undefined) return reached
    }
    return undefined
  } finally {
    done.abort()
  }
}

/** Waits until the certificate of the first target that is reached has the hosts of all; does not insist. */
export async function awaitNamed(
  targets: readonly ApiTarget[],
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (Date.now() < deadline) {
    const reached = await firstReachable(targets, signal)
    if (reached === undefined || !lacksHosts(reached, targets)) return
    await pause(200, signal)
  }
}

/** Whether its certificate lacks the host of any of these. */
export function lacksHosts({ certificate }: ReachedApi, targets: readonly Pick<ApiTarget, 'url'>[]): boolean {
  return certificate !== undefined && !hasNames(certificate, hostsIn(targets.map(({ url }) => url)))
}
