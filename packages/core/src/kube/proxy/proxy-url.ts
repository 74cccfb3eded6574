import { hostOf, portOf } from '../../url-host.js'

/** A proxy for the connections to one API server. */
export interface Proxy {
  readonly scheme: 'http' | 'https' | 'socks5'
  /** Without the brackets of an IPv6 address. */
  readonly host: string
  readonly port: number
  readonly credentials: { readonly user: string; readonly password: string } | undefined
  /** Scheme, host and port; never the credentials. */
  readonly text: string
  /** Where it was named, as in `proxy-url` or `$HTTPS_PROXY`. */
  readonly from: string
}

/** Why kubectl does not take this `proxy-url`, as in "is no URL"; undefined for one that it takes. */
export function proxyUrlFault(text: string): string | undefined {
  // socks5h is for the environment only, as in kubectl.
  return /^(https?|socks5):/i.test(text) ? faultOf(parse(text)) : 'is not of scheme http, https or socks5'
}

/** A `proxy-url`, which is valid. */
export function proxyFromUrl(text: string, from: string): Proxy | undefined {
  const url = parse(text)
  if (url === undefined || faultOf(url) !== undefined) return undefined
  const scheme = (url.protocol.startsWith('socks5') ? 'socks5' : url.protocol.slice(0, -1)) as Proxy['scheme']
  const port = portOf(url)
  const hasCredentials = url.username !== '' || url.password !== ''
  return {
    scheme,
    host: hostOf(url),
    port,
    credentials: hasCredentials
      ? { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
      : undefined,
    text: `${url.protocol}//${url.hostname}:${port}`,
    from,
  }
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function faultOf(url: URL | undefined): string | undefined {
  if (url === undefined || url.hostname === '') return 'is no URL'
  if (!/^(https?|socks5h?):$/.test(url.protocol)) return 'is not of scheme http, https or socks5'
  try {
    // The SOCKS5 protocol has a byte for their length (RFC 1929).
    const isTooLong = [url.username, url.password].some(
      (text) => Buffer.byteLength(decodeURIComponent(text)) > 255,
    )
    return isTooLong && url.protocol.startsWith('socks5')
      ? 'has credentials that are longer than SOCKS5 allows'
      : undefined
  } catch {
    return 'has credentials that are wrongly escaped'
  }
}
