import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import type tls from 'node:tls'
import { SocksClient } from 'socks'
import { KnestError } from '../../errors.js'
import { onAbort, openDeadline } from '../../signals.js'
import { inUrl } from '../../url-host.js'
import { causeInWords } from '../api-errors.js'
import type { Proxy } from './proxy-url.js'

export interface Target {
  /** Without the brackets of an IPv6 address. The proxy looks names up. */
  readonly host: string
  readonly port: number
}

/** As long as client-go gives a connection. */
const dialTimeoutMs = 30_000

/**
 * A byte stream to a server by way of a proxy. `secure` is for a proxy that is spoken to by TLS. Every failure is a
 * KnestError that names the proxy, without credentials.
 */
export async function dialThroughProxy(
  proxy: Proxy,
  target: Target,
  secure: tls.ConnectionOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  const deadline = openDeadline(signal, dialTimeoutMs, () => proxyError(proxy, 'does not answer'))
  try {
    return await (proxy.scheme === 'socks5'
      ? dialSocks(proxy, target, deadline.signal)
      : dialConnect(proxy, target, secure, deadline.signal))
  } finally {
    deadline.clear()
  }
}

/** What went wrong with a proxy, and where it was named. */
export function proxyError(proxy: Proxy, why: string, cause?: unknown): KnestError {
  return new KnestError('host-unreachable', `proxy ${proxy.text} (from ${proxy.from}) ${why}`, {
    hint:
      proxy.from === 'proxy-url'
        ? "check the cluster's proxy-url in the kubeconfig"
        : `check ${proxy.from}, or name the API server in $NO_PROXY`,
    cause,
  })
}

/** `Proxy-Authorization` where there are credentials. */
export function proxyHeaders({ credentials }: Proxy): Readonly<Record<string, string>> {
  if (credentials === undefined) return {}
  const pair = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')
  return { 'proxy-authorization': `Basic ${pair}` }
}

function dialConnect(
  proxy: Proxy,
  target: Target,
  secure: tls.ConnectionOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  const path = `${inUrl(target.host)}:${target.port}`
  return new Promise((resolve, reject) => {
    const request = (proxy.scheme === 'https' ? https : http).request({
      ...(proxy.scheme === 'https' ? secure : {}),
      host: proxy.host,
      port: proxy.port,
      method: 'CONNECT',
      path,
      agent: false,
      headers: { host: path, 'user-agent': 'knest', ...proxyHeaders(proxy) },
    })
    const forget = onAbort(signal, (error) => {
      reject(error)
      request.destroy()
    })
    request.once('connect', (response, socket, head) => {
      forget()
      // Until its taker listens: a late error must not end the process.
      socket.on('error', () => undefined)
      if (response.statusCode === 200) {
        if (head.length > 0) socket.unshift(head)
        resolve(socket)
        return
      }
      socket.destroy()
      reject(refused(proxy, path, response))
    })
    request.once('response', (response) => {
      forget()
      response.destroy()
      reject(refused(proxy, path, response))
    })
    request.on('error', (error) => {
      forget()
      reject(proxyError(proxy, `cannot be used: ${causeInWords(error)}`, error))
    })
    request.end()
  })
}

function refused(
  proxy: Proxy,
  path: string,
  { statusCode, statusMessage }: http.IncomingMessage,
): KnestError {
  const said = `${statusCode ?? ''} ${statusMessage ?? ''}`.trim()
  const why =
    statusCode === 407 ? `asks for other credentials (${said})` : `does not connect to ${path}: ${said}`
  const error = proxyError(proxy, why)
  return statusCode === 407 || statusCode === 403
    ? new KnestError('not-permitted', error.message, { hint: error.hint })
    : error
}

async function dialSocks(proxy: Proxy, target: Target, signal: AbortSignal): Promise<Duplex> {
  const socket = net.connect(proxy.port, proxy.host)
  const forget = onAbort(signal, (error) => socket.destroy(error))
  try {
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    const { credentials } = proxy
    await SocksClient.createConnection({
      proxy: {
        host: proxy.host,
        port: proxy.port,
        type: 5,
        ...(credentials === undefined ? {} : { userId: credentials.user, password: credentials.password }),
      },
      command: 'connect',
      destination: target,
      timeout: dialTimeoutMs,
      existing_socket: socket,
    })
    socket.on('error', () => undefined)
    return socket
  } catch (error) {
    socket.destroy()
    if (error instanceof KnestError) throw error
    throw proxyError(proxy, `cannot be used: ${causeInWords(error)}`, error)
  } finally {
    forget()
  }
}
