import http from 'node:http'
import https from 'node:https'
import type { Dial } from '../contracts/kube-connection.js'
import { KnestError } from '../errors.js'
import type { Asked } from './api-errors.js'
import { connectWith, dialled, toProxy, tunnel, type Connect } from './connect.js'
import { openCredentials, type CredentialSource } from './credentials/credentials.js'
import type { ChosenKubeconfig } from './kubeconfig/load.js'
import { proxyHeaders } from './proxy/dial.js'

/** How often a socket is asked for a sign of life, and how long it may be quiet. */
export interface KeepAliveProbe {
  readonly everyMs: number
  readonly quietMs: number
  /** Instead of quietMs while the peer may be busy with bytes of ours that nobody reads there. */
  readonly stalledMs: number
}

/** How long an API server may be silent. */
export interface Patience {
  readonly probe: KeepAliveProbe
  /** How long a kept connection may leave a request without an answer that may be made again on a new one. */
  readonly keptQuietMs: number
  /** How long one request may take; a stream, until it is open. */
  readonly requestTimeoutMs: number
}

/** One API server and the right to talk to it. */
export interface ApiLink extends Patience {
  readonly description: string
  readonly server: URL
  /** Keeps connections for plain requests. */
  readonly agent: http.Agent
  /** For sockets, which are not kept; undefined: connect directly. */
  readonly socketAgent: http.Agent | undefined
  readonly credentials: CredentialSource
  /** What a plain request needs for a proxy that passes requests on: the server before its path, and headers. */
  readonly passedOn:
    { readonly prefix: string; readonly headers: Readonly<Record<string, string>> } | undefined
  asked(request: string): Asked
  /** Ends with `close`. */
  readonly life: AbortSignal
  close(): void
}

// Shorter than the idle limit of API servers (90 s) and of usual load balancers (60 s): a kept
// connection that the other side has just closed would fail a request that must not be repeated.
const keptIdleMs = 30_000

// Within the time that the renewal of a lock has, and longer than a busy API server takes as a rule.
const usualKeptQuietMs = 3_000

const usualRequestTimeoutMs = 30_000

const usualProbe: KeepAliveProbe = { everyMs: 15_000, quietMs: 60_000, stalledMs: 600_000 }

export function openApiLink(
  chosen: ChosenKubeconfig,
  description: string,
  dial?: Dial,
  patience: { readonly [K in keyof Patience]?: Patience[K] | undefined } = {},
): ApiLink {
  const {
    probe = usualProbe,
    keptQuietMs = usualKeptQuietMs,
    requestTimeoutMs = usualRequestTimeoutMs,
  } = patience
  const { server, cluster, user, proxy } = chosen
  const secure = server.protocol === 'https:'
  if (dial !== undefined && (!secure || cluster.proxyUrl !== '')) {
    throw new KnestError(
      'config',
      `${description} is dialled through a node; its server must be https without proxy`,
    )
  }
  const life = new AbortController()
  const used = dial === undefined ? proxy : undefined
  const passes = !secure && used !== undefined && used.scheme !== 'socks5' ? used : undefined
  const direct = dial === undefined ? undefined : dialled(dial)
  const connect = direct ?? (used === undefined ? undefined : tunnel(used, server))
  const agentOf = (options: http.AgentOptions, by: Connect | undefined): http.Agent => {
    const agent = secure ? new https.Agent(options) : new http.Agent(options)
    if (by !== undefined) connectWith(agent, by, secure, life.signal)
    return agent
  }
  const agent = agentOf(
    { keepAlive: true, timeout: keptIdleMs, scheduling: 'lifo' },
    passes === undefined ? connect : toProxy(passes),
  )
  const socketAgent = connect === undefined ? undefined : agentOf({ keepAlive: false }, connect)
  return {
    description,
    server,
    probe,
    agent,
    keptQuietMs,
    requestTimeoutMs,
    socketAgent,
    credentials: openCredentials(cluster, user, secure, description),
    passedOn: passes === undefined ? undefined : { prefix: server.origin, headers: proxyHeaders(passes) },
    asked: (request) => ({ description, server, request }),
    life: life.signal,
    close: () => {
      life.abort(new KnestError('cancelled', `${description} was closed`))
      agent.destroy()
      socketAgent?.destroy()
    },
  }
}
