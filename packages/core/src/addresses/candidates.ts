import {
  addressCount,
  formatAddress,
  overlaps,
  parseAddressRange,
  type AddressRange,
} from '../network/index.js'

/** Addresses that nodes may get, in the order they were given, none twice. */
export interface Candidates {
  readonly ranges: readonly AddressRange[]
  readonly count: number
}

/** Addresses, `A-B` ranges and CIDRs. Throws `config`. */
export function parseCandidates(texts: readonly string[]): Candidates {
  const ranges: AddressRange[] = []
  for (const text of texts) ranges.push(...withoutAll(parseAddressRange(text), ranges))
  return { ranges, count: ranges.reduce((sum, range) => sum + addressCount(range), 0) }
}

export function* addressesOf({ ranges }: Candidates): Generator<number> {
  for (const { first, last } of ranges) for (let address = first; address <= last; address++) yield address
}

export function isCandidate({ ranges }: Candidates, address: number): boolean {
  return ranges.some(({ first, last }) => first <= address && address <= last)
}

/** As a user would write it. */
export function formatRange({ first, last }: AddressRange): string {
  return first === last ? formatAddress(first) : `${formatAddress(first)}-${formatAddress(last)}`
}

/** What of `range` none of `others` has. */
export function withoutAll(range: AddressRange, others: readonly AddressRange[]): AddressRange[] {
  return others.reduce<AddressRange[]>(
    (pieces, other) => pieces.flatMap((piece) => without(piece, other)),
    [range],
  )
}

function without(range: AddressRange, other: AddressRange): AddressRange[] {
  if (!overlaps(range, other)) return [range]
  return [
    { first: range.first, last: other.first - 1 },
    { first: other.last + 1, last: range.last },
  ].filter(({ first, last }) => first <= last)
}
