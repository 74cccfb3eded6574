import { isIPv4 } from 'node:net'

/** A URL's host as sockets and certificates have it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

/** A host as URLs and proxies have it: an IPv6 address in brackets. */
export function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** A URL's port, or the usual one of its scheme; NaN where there is none. */
export function portOf(url: URL): number {
  return url.port === '' ? (usualPorts[url.protocol.slice(0, -1)] ?? Number.NaN) : Number(url.port)
}

const usualPorts: Readonly<Record<string, number>> = { http: 80, https: 443, socks5: 1080, socks5h: 1080 }

/** Whether browsers take the host of a text for another address than kubectl does, to which `127.1` is a name. */
export function isReadAnew(url: URL, text: string): boolean {
  return isIPv4(url.hostname) && !text.includes(url.hostname)
}
