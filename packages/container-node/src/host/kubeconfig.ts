import { X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { contextName, KnestError } from '@knest/core'
import { hostContext } from './spec.js'

const renewBeforeMs = 30 * 24 * 3600 * 1000

/** A host's context is called like the host, not `knest-knest-host`. */
export function hostKubeconfig(kubeconfig: string, name: string): string {
  return kubeconfig.replaceAll(contextName(name), hostContext(name))
}

/** What one request needs. */
export interface HostAccess {
  readonly server: string
  readonly serverName: string | undefined
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Reads the fields of a kubeconfig that knest wrote; undefined when it is none. */
export function parseAccess(kubeconfig: string): HostAccess | undefined {
  const field = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}: "?([^\\s"]+)"?$`, 'm').exec(kubeconfig)?.[1]
  const data = (name: string): string | undefined => {
    const text = field(`${name}-data`)
    return text === undefined ? undefined : Buffer.from(text, 'base64').toString()
  }
  const [server, ca, cert, key] = [
    field('server'),
    data('certificate-authority'),
    data('client-certificate'),
    data('client-key'),
  ]
  if (server === undefined || ca === undefined || cert === undefined || key === undefined) return undefined
  return { server, serverName: field('tls-server-name'), ca, cert, key }
}

/** True when its certificate is valid for another month. */
export function isFresh({ cert }: HostAccess, now: Date): boolean {
  return Date.parse(new X509Certificate(cert).validTo) - now.getTime() > renewBeforeMs
}

/**
 * One GET without the Kubernetes client, whose loading takes longer than all else in a look at a host
 * that is up. Undefined for 404.
 */
export function getJson(access: HostAccess, path: string, signal: AbortSignal): Promise<unknown> {
  const { server, serverName, ca, cert, key } = access
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      const message = `the API server at ${server} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`
      reject(new KnestError('host-unreachable', message, { cause }))
    }
    const options = {
      ca,
      cert,
      key,
      signal,
      agent: false,
      ...(serverName === undefined ? {} : { servername: serverName }),
    } as const
    const sent = request(new URL(path, server), options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', fail)
      response.once('end', () => {
        const { statusCode = 0 } = response
        if (statusCode === 404) resolve(undefined)
        else if (statusCode !== 200) fail(`HTTP ${statusCode}`)
        else resolve(JSON.parse(Buffer.concat(chunks).toString()) as unknown)
      })
    })
    sent.once('error', fail)
    sent.end()
  })
}
