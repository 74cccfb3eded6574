import { X509Certificate } from 'node:crypto'
import { hostOf, inUrl } from '../url-host.js'
import { ipFamily } from '../values/index.js'

/** API servers whose certificates lack a name or an address that clients reach them by. */
export interface UnnamedApi {
  readonly nodes: readonly string[]
  /** All that a certificate must have beside what kubeadm puts into it. */
  readonly names: readonly string[]
}

/** As they stand in a certificate: an IPv6 address has no brackets. */
export function hostsIn(urls: readonly string[]): readonly string[] {
  return [...new Set(urls.map((url) => hostOf(new URL(url))))]
}

/**
 * Clients that know a server's URL and its authority only look for the URL's host in the certificate.
 * `serving` has PEM by node; one that cannot be read is left out. Undefined: nothing is lacking.
 */
export function unnamedApi(
  serving: ReadonlyMap<string, string>,
  urls: readonly string[],
): UnnamedApi | undefined {
  const names = hostsIn(urls)
  const nodes = [...serving].flatMap(([node, pem]) => (lacksOne(pem, names) ? [node] : []))
  return nodes.length === 0 ? undefined : { nodes, names }
}

function lacksOne(pem: string, names: readonly string[]): boolean {
  try {
    return !hasNames(new X509Certificate(pem), names)
  } catch {
    return false
  }
}

/** Whether a client that calls the server by any of these names finds it in the certificate. */
export function hasNames(certificate: X509Certificate, names: readonly string[]): boolean {
  return names.every((name) => hasName(certificate, name))
}

function hasName(certificate: X509Certificate, name: string): boolean {
  return (
    (ipFamily(name) === 0 ? certificate.checkHost(name, { subject: 'never' }) : certificate.checkIP(name)) !==
    undefined
  )
}

export interface AlternativeNames {
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
}

/** What a certificate holds, and `added`. */
export function alternativeNames(pem: string, added: readonly string[]): AlternativeNames {
  const held = (new X509Certificate(pem).subjectAltName ?? '')
    .split(', ')
    .flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? [])
  const names = [...new Set([...held, ...added].map(usualForm))]
  return {
    dnsNames: names.filter((name) => ipFamily(name) === 0),
    ipAddresses: names.filter((name) => ipFamily(name) !== 0),
  }
}

/** Node.js writes the IPv6 addresses of a certificate out in full. */
function usualForm(name: string): string {
  return ipFamily(name) === 6 ? (hostsIn([`https://${inUrl(name)}`])[0] ?? name) : name
}
