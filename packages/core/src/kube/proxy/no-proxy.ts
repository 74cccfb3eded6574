import { BlockList } from 'node:net'
import { ipFamily } from '../../values/index.js'

/**
 * Whether a list as in `$NO_PROXY` names a host and port, by Go's rules: names with their subdomains, `.name` and
 * `*.name` for subdomains alone, addresses, CIDRs, each but these with a port or without, and `*` for all.
 */
export function isExcepted(list: string, host: string, port: number): boolean {
  const name = host.toLowerCase()
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && (entry === '*' || matches(entry, name, port)))
}

/** Go never uses the environment's proxies for these. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8)
  loopback.addAddress('::1', 'ipv6')
  return ipFamily(host) !== 0 && loopback.check(host, familyOf(host))
}

function matches(entry: string, host: string, port: number): boolean {
  const cidr = /^([^/]+)\/(\d{1,3})$/.exec(entry)
  if (cidr !== null && ipFamily(cidr[1] ?? '') !== 0) return contains(cidr[1] ?? '', Number(cidr[2]), host)
  const { name, port: wanted } = splitPort(entry)
  if (name === '' || (wanted !== undefined && wanted !== String(port))) return false
  if (ipFamily(name) !== 0) return ipFamily(host) !== 0 && contains(name, widthOf(name), host)
  if (ipFamily(host) !== 0) return false
  const suffix = name.replace(/^\*(?=\.)/, '')
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`)
}

function splitPort(entry: string): { readonly name: string; readonly port: string | undefined } {
  const bracketed = /^\[(.*)\]:(.*)$/.exec(entry)
  if (bracketed !== null) return { name: bracketed[1] ?? '', port: filled(bracketed[2]) }
  const parts = entry.split(':')
  if (parts.length !== 2) return { name: entry, port: undefined }
  return { name: parts[0] ?? '', port: filled(parts[1]) }
}

function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

function contains(network: string, prefix: number, host: string): boolean {
  if (ipFamily(host) === 0 || prefix > widthOf(network)) return false
  const list = new BlockList()
  list.addSubnet(network, prefix, familyOf(network))
  return list.check(host, familyOf(host))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return ipFamily(address) === 4 ? 'ipv4' : 'ipv6'
}

function widthOf(address: string): number {
  return ipFamily(address) === 4 ? 32 : 128
}
