import type http from 'node:http'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import type { Dial } from '../contracts/kube-connection.js'
import { causeInWords } from './api-errors.js'
import { dialThroughProxy, proxyError } from './proxy/dial.js'
import type { Proxy } from './proxy/proxy-url.js'
import { hostOf, portOf } from '../url-host.js'

/** Makes one connection to an API server; TLS with the server, if any, comes on top of it. */
export type Connect = (options: tls.ConnectionOptions, signal: AbortSignal) => Promise<Duplex>

export function dialled(dial: Dial): Connect {
  return (_options, signal) => dial(signal)
}

/** A tunnel: the proxy sees the server's name and port, and nothing of what is said. */
export function tunnel(proxy: Proxy, server: URL): Connect {
  const target = { host: hostOf(server), port: portOf(server) }
  return (options, signal) => dialThroughProxy(proxy, target, proxyTls(proxy, options), signal)
}

/** To the proxy alone, for requests that name their server, which is how plain HTTP passes one. */
export function toProxy(proxy: Proxy): Connect {
  return (options) =>
    new Promise((resolve, reject) => {
      const at = { host: proxy.host, port: proxy.port }
      const socket =
        proxy.scheme === 'https' ? tls.connect({ ...proxyTls(proxy, options), ...at }) : net.connect(at)
      socket.once('error', (error) => {
        reject(proxyError(proxy, `cannot be used: ${causeInWords(error)}`, error))
      })
      socket.once(proxy.scheme === 'https' ? 'secureConnect' : 'connect', () => {
        resolve(socket)
      })
    })
}

/** As in Go, a proxy is trusted by what the kubeconfig says of the server: its authority and its name. */
function proxyTls(proxy: Proxy, options: tls.ConnectionOptions): tls.ConnectionOptions {
  const { ca, cert, key, secureContext, rejectUnauthorized, checkServerIdentity } = options
  const own = { ca, cert, key, secureContext, rejectUnauthorized, checkServerIdentity }
  return {
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    ...(net.isIP(proxy.host) === 0 ? { servername: proxy.host } : {}),
  }
}

type Connected = (error: Error | null, socket?: Duplex) => void

/** Lets an agent make its connections so; the signal ends those that are being made. */
export function connectWith(agent: http.Agent, connect: Connect, secure: boolean, signal: AbortSignal): void {
  const createConnection = (options: tls.ConnectionOptions, connected: Connected): undefined => {
    connect(options, signal).then(
      (stream) => {
        if (!secure) {
          connected(null, stream)
          return
        }
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
