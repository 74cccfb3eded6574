import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { WebSocket } from 'ws'
import type { TestHome } from './home.js'
import { hostContext } from './home.js'

interface Named<T> {
  readonly name: string
  readonly cluster: T
  readonly user: T
}

/** How a client reaches the host's API, without any of knest's code between. */
export interface RawAccess {
  readonly server: string
  readonly tls: { readonly ca: Buffer; readonly cert?: Buffer; readonly key?: Buffer }
}

/** Reads the admin's access from the kubeconfig that the embedded host wrote. */
export function adminAccess(home: TestHome): RawAccess {
  const config = parse(readFileSync(home.kubeconfig, 'utf8')) as {
    contexts: { name: string; context: { cluster: string; user: string } }[]
    clusters: Named<Record<string, string>>[]
    users: Named<Record<string, string>>[]
  }
  const context = config.contexts.find(({ name }) => name === hostContext)?.context
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster ?? {}
  const user = config.users.find(({ name }) => name === context?.user)?.user ?? {}
  const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64')
  return {
    server: cluster.server ?? '',
    tls: {
      ca: bytes(cluster['certificate-authority-data']),
      cert: bytes(user['client-certificate-data']),
      key: bytes(user['client-key-data']),
    },
  }
}

/** An answer instead of an upgrade. */
export interface Refusal {
  readonly status: number
  readonly message: string
}

export interface OpenStream {
  readonly protocol: string
  readonly socket: WebSocket
  /** All that has come so far. */
  received(): Buffer
  pings(): number
  /** The code it was closed with, and after how many milliseconds. */
  readonly closed: Promise<{ readonly code: number; readonly afterMs: number }>
}

export interface OpenOptions {
  readonly protocols?: readonly string[]
  readonly token?: string
  readonly autoPong?: boolean
}

/** Opens a WebSocket by hand. Gives what was answered when there was no upgrade. */
export function openRaw(
  { server, tls }: RawAccess,
  path: string,
  { protocols = ['plain.kubevirt.io'], token, autoPong = true }: OpenOptions = {},
): Promise<OpenStream | Refusal> {
  return new Promise((resolve, reject) => {
    const begun = Date.now()
    const socket = new WebSocket(`${server.replace(/^http/, 'ws')}${path}`, [...protocols], {
      ...(token === undefined && !protocols.some((name) => name.startsWith('base64url.'))
        ? tls
        : { ca: tls.ca }),
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      autoPong,
      handshakeTimeout: 20_000,
    })
    const pieces: Buffer[] = []
    let pings = 0
    const closed = new Promise<{ code: number; afterMs: number }>((close) => {
      socket.on('close', (code) => close({ code, afterMs: Date.now() - begun }))
    })
    socket.on('message', (data: Buffer) => pieces.push(data))
    socket.on('ping', () => (pings += 1))
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, message: messageOf(body) }))
    })
    socket.on('error', reject)
    socket.once('open', () =>
      resolve({
        protocol: socket.protocol,
        socket,
        received: () => Buffer.concat(pieces),
        pings: () => pings,
        closed,
      }),
    )
  })
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body
  } catch {
    return body
  }
}

export function isOpen(outcome: OpenStream | Refusal): outcome is OpenStream {
  return 'socket' in outcome
}
