import ipaddr from 'ipaddr.js'
import { KnestError } from '../errors.js'

/** An IPv4 range in CIDR form. Addresses are unsigned 32-bit numbers, both ends included. */
export interface Cidr {
  /** Canonical text, as in `10.200.0.0/16`. */
  readonly text: string
  readonly prefix: number
  readonly first: number
  readonly last: number
}

/** Any run of IPv4 addresses, both ends included. */
export interface AddressRange {
  readonly first: number
  readonly last: number
}

/**
 * Strict: ipaddr.js alone reads `010.0.0.0/8` as octal, `10/8` as 0.0.0.10 and keeps host bits.
 * Throws `config` with one message for each fault.
 */
export function parseCidr(text: string): Cidr {
  const refuse = (fault: string, hint: string): never => {
    throw new KnestError('config', `"${text}" ${fault}`, { hint })
  }
  const example = 'write it as an address and a prefix length, as in 10.200.0.0/16'
  if (text.trim() === '') refuse('is not a CIDR: it is empty', example)
  if (/\s/.test(text)) refuse('has blanks in it', `remove them: "${text.replace(/\s+/g, '')}"`)
  if (text.includes(',')) {
    refuse('is a list; dual-stack networks are not supported yet', 'give one IPv4 range, as in 10.200.0.0/16')
  }
  if (text.includes(':')) {
    refuse('is an IPv6 range, which is not supported yet', 'give an IPv4 range, as in 10.200.0.0/16')
  }
  const [addressText = '', prefixText, ...rest] = text.split('/')
  if (prefixText === undefined) {
    refuse('has no prefix length', `add one, as in "${isAddress(text) ? text : '10.200.0.0'}/16"`)
  }
  if (rest.length > 0) refuse('has more than one "/"', example)
  const fault = addressFault(addressText)
  if (fault !== undefined) refuse(fault, example)
  if (prefixText === undefined || !/^(0|[1-9]\d*)$/.test(prefixText)) {
    refuse(`has a bad prefix length "${prefixText ?? ''}"`, 'use a plain number from 0 to 32')
  }
  const prefix = Number(prefixText)
  if (prefix > 32) refuse(`has prefix length ${prefix}, above 32`, 'use a number from 0 to 32')

  const masked = ipaddr.IPv4.networkAddressFromCIDR(text).toString()
  if (masked !== addressText) {
    refuse(`has host bits set: /${prefix} leaves ${masked}`, `use "${masked}/${prefix}"`)
  }
  const first = toNumber(masked)
  return { text: `${masked}/${prefix}`, prefix, first, last: first + 2 ** (32 - prefix) - 1 }
}

/** The range of the primary family, of one range or two: addresses of cluster DNS and of nodes' shares come from it. */
export function primaryRange(ranges: readonly string[]): string {
  const [primary] = ranges
  if (primary === undefined) throw new KnestError('config', 'there is no range')
  return primary
}

/** Strict dotted decimal. Throws `config`. */
export function parseAddress(text: string): number {
  const fault = text.includes(':') ? 'is an IPv6 address, which is not supported yet' : addressFault(text)
  if (fault !== undefined) {
    throw new KnestError('config', `"${text}" ${fault}`, {
      hint: 'write four decimal numbers, as in 10.1.2.3',
    })
  }
  return toNumber(text)
}

/** One address, a CIDR, or `A-B`. Throws `config`. */
export function parseAddressRange(text: string): AddressRange {
  if (text.includes('/')) return parseCidr(text)
  const [from = '', to, ...rest] = text.split('-').map((part) => part.trim())
  if (rest.length > 0) {
    throw new KnestError('config', `"${text}" has more than one "-"`, {
      hint: 'write it as 10.1.2.3-10.1.2.9',
    })
  }
  const first = parseAddress(from)
  const last = to === undefined ? first : parseAddress(to)
  if (last < first) {
    throw new KnestError('config', `"${text}" ends before it begins`, { hint: `use "${to ?? from}-${from}"` })
  }
  return { first, last }
}

/** The smallest list of CIDRs that covers a range exactly. */
export function rangeToCidrs(range: AddressRange): Cidr[] {
  const cidrs: Cidr[] = []
  let next = range.first
  while (next <= range.last) {
    let prefix = 32
    while (prefix > 0) {
      const size = 2 ** (32 - (prefix - 1))
      if (next % size !== 0 || next + size - 1 > range.last) break
      prefix -= 1
    }
    cidrs.push(cidrFrom(next, prefix))
    next += 2 ** (32 - prefix)
  }
  return cidrs
}

/** The CIDR of this length that holds an address. */
export function cidrAround(address: number, prefix: number): Cidr {
  return cidrFrom(address - (address % 2 ** (32 - prefix)), prefix)
}

export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last
}

/** True when all of `inner` lies in `outer`. */
export function contains(outer: AddressRange, inner: AddressRange): boolean {
  return outer.first <= inner.first && inner.last <= outer.last
}

export function addressCount(range: AddressRange): number {
  return range.last - range.first + 1
}

/** The first address a machine may have: the one after the network address. */
export function firstHost(cidr: Cidr | string): string {
  return nthAddress(cidr, 1)
}

/** `nthAddress('10.201.0.0/16', 10)` is 10.201.0.10. Throws RangeError outside the range. */
export function nthAddress(range: Cidr | string, index: number): string {
  const cidr = typeof range === 'string' ? parseCidr(range) : range
  if (!Number.isInteger(index) || index < 0 || index >= addressCount(cidr)) {
    throw new RangeError(`${cidr.text} has no address number ${index}`)
  }
  return formatAddress(cidr.first + index)
}

export function formatAddress(address: number): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.')
}

function cidrFrom(first: number, prefix: number): Cidr {
  return { text: `${formatAddress(first)}/${prefix}`, prefix, first, last: first + 2 ** (32 - prefix) - 1 }
}

function isAddress(text: string): boolean {
  return addressFault(text) === undefined
}

function addressFault(text: string): string | undefined {
  const parts = text.split('.')
  if (parts.some((part) => /^0x/i.test(part))) return 'is hexadecimal; use decimal numbers'
  if (!/^[0-9.]+$/.test(text) || parts.includes('')) return 'is not an IPv4 address'
  if (parts.length !== 4) return `has ${parts.length} of the four numbers of an IPv4 address`
  const octal = parts.find((part) => part.length > 1 && part.startsWith('0'))
  if (octal !== undefined) {
    return `has "${octal}", which some programs read as octal; write it without the leading zero`
  }
  const high = parts.find((part) => Number(part) > 255)
  if (high !== undefined) return `has ${high}, which is above 255`
  return ipaddr.IPv4.isValidFourPartDecimal(text) ? undefined : 'is not an IPv4 address'
}

function toNumber(text: string): number {
  return ipaddr.IPv4.parse(text)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0)
}
