import http from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import type { Dial } from '../contracts/kube-connection.js'
import { KnestError } from '../errors.js'
import type { Asked } from './api-errors.js'
import type { ChosenKubeconfig } from './kubeconfig.js'
import { secureContexts } from './secure-context.js'

/** TLS settings and headers for one request or socket. Holds secrets. */
type Credentials = Pick<
  https.RequestOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'rejectUnauthorized' | 'servername' | 'auth'
> & {
  /** Of the CA, certificate and key. */
  readonly secureContext?: tls.SecureContext
  readonly headers: Readonly<Record<string, string>>
  readonly agent: http.Agent | undefined
}

/** How often a socket is asked for a sign of life, and how long it may be quiet. */
export interface KeepAliveProbe {
  readonly everyMs: number
  readonly quietMs: number
  /** Instead of quietMs while the peer may be busy with bytes of ours that nobody reads there. */
  readonly stalledMs: number
}

/** One API server and the right to talk to it. */
export interface ApiLink {
  readonly description: string
  readonly server: URL
  readonly probe: KeepAliveProbe
  /** Keeps connections for plain requests. */
  readonly agent: http.Agent
  /** For sockets, which are not kept; undefined: connect directly. */
  readonly socketAgent: http.Agent | undefined
  /** Runs credential plugins when the kubeconfig names one. */
  credentials(): Promise<Credentials>
  asked(request: string): Asked
  /** Ends with `close`. */
  readonly life: AbortSignal
  close(): void
}

// Shorter than the idle limit of API servers (90 s) and of usual load balancers (60 s): a kept
// connection that the other side has just closed would fail a request that must not be repeated.
const keptIdleMs = 30_000

const usualProbe: KeepAliveProbe = { everyMs: 15_000, quietMs: 60_000, stalledMs: 600_000 }

export function openApiLink(
  chosen: ChosenKubeconfig,
  description: string,
  dial?: Dial,
  probe = usualProbe,
): ApiLink {
  const secure = chosen.server.protocol === 'https:'
  if (dial !== undefined && (!secure || chosen.viaProxy)) {
    throw new KnestError(
      'config',
      `${description} is dialled through a node; its server must be https without proxy`,
    )
  }
  const life = new AbortController()
  const contextOf = secureContexts()
  const kept = { keepAlive: true, timeout: keptIdleMs, scheduling: 'lifo' as const }
  const agent = secure ? new https.Agent(kept) : new http.Agent(kept)
  const socketAgent = dial === undefined ? undefined : new https.Agent({ keepAlive: false })
  if (dial !== undefined) {
    dialWith(agent, dial, life.signal)
    if (socketAgent !== undefined) dialWith(socketAgent, dial, life.signal)
  }
  return {
    description,
    server: chosen.server,
    probe,
    agent,
    socketAgent,
    credentials: async () => {
      const credentials = await readCredentials(chosen, description)
      const secureContext = secure ? contextOf(credentials) : undefined
      return secureContext === undefined ? credentials : { ...credentials, secureContext }
    },
    asked: (request) => ({ description, server: chosen.server, request }),
    life: life.signal,
    close: () => {
      life.abort(new KnestError('cancelled', `${description} was closed`))
      agent.destroy()
      socketAgent?.destroy()
    },
  }
}

type Connected = (error: Error | null, socket?: Duplex) => void

/** Lets an agent make its TLS connections on streams of `dial`. */
function dialWith(agent: http.Agent, dial: Dial, signal: AbortSignal): void {
  const createConnection = (options: tls.ConnectionOptions, connected: Connected): undefined => {
    dial(signal).then(
      (stream) => {
        const socket = tls.connect({ ...options, socket: stream })
        socket.once('close', () => stream.destroy())
        connected(null, socket)
      },
      (error: unknown) => {
        connected(error instanceof Error ? error : new Error(String(error)))
      },
    )
  }
  // A documented hook of http.Agent that its types leave out.
  Object.assign(agent, { createConnection })
}

async function readCredentials(chosen: ChosenKubeconfig, description: string): Promise<Credentials> {
  const { config } = chosen
  // Without a user, client-node leaves out the cluster's CA as well.
  if (config.getCurrentUser() === null) {
    const user = { name: 'knest-no-user' }
    config.users.push(user)
    Object.assign(config.getContextObject(config.getCurrentContext()) ?? {}, { user: user.name })
  }
  const found: https.RequestOptions = {}
  try {
    await config.applyToHTTPSOptions(found)
  } catch (error) {
    // Its own text is left out: plugins print tokens and client-node quotes files.
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new KnestError('not-permitted', `the credentials of ${description} cannot be read${code}`, {
      hint: 'check the user in the kubeconfig: its files, and that its login plugin works (try kubectl)',
    })
  }
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername, auth } = found
  const headers = Object.entries((found.headers ?? {}) as Record<string, unknown>)
  const all = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername, auth }
  return {
    ...Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== null)),
    headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value).trim()])),
    agent: chosen.viaProxy && found.agent instanceof http.Agent ? found.agent : undefined,
  }
}
