import type { OccupiedRange } from '../contracts/cluster-home.js'
import { cidrAround, parseAddress, parseAddressRange, rangeToCidrs } from './cidr.js'

/**
 * Ranges as other programs write them: lists by comma or blank, `A-B`, host bits set. IPv6 is left out,
 * and so is what cannot be read: the host is not ours to correct.
 */
export function occupiedBy(usedBy: string, ...texts: readonly (string | undefined)[]): OccupiedRange[] {
  return texts
    .flatMap((text) => (text ?? '').split(/[\s,]+/))
    .filter((text) => text !== '' && !text.includes(':'))
    .flatMap((text) => cidrsOf(text).map((cidr) => ({ cidr, usedBy })))
}

function cidrsOf(text: string): string[] {
  try {
    const [, address, prefix] = /^([\d.]+)\/(\d+)$/.exec(text) ?? []
    if (address === undefined) return rangeToCidrs(parseAddressRange(text)).map((cidr) => cidr.text)
    return Number(prefix) <= 32 ? [cidrAround(parseAddress(address), Number(prefix)).text] : []
  } catch {
    return []
  }
}
