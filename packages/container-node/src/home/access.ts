import { X509Certificate } from 'node:crypto'

const renewBeforeMs = 30 * 24 * 3600 * 1000

/** What one request needs. */
export interface HostAccess {
  readonly server: string
  readonly serverName: string | undefined
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Reads the fields of a kubeconfig that knest wrote; undefined when it is none, or cut off. */
export function parseAccess(kubeconfig: string): HostAccess | undefined {
  if (!kubeconfig.endsWith('\n')) return undefined
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
  try {
    return Date.parse(new X509Certificate(cert).validTo) - now.getTime() > renewBeforeMs
  } catch {
    return false
  }
}
