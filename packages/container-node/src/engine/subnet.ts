import {
  cidrAround,
  contains,
  KnestError,
  overlaps,
  parseCidr,
  type AddressRange,
  type OccupiedRange,
} from '@knest/core'

/** Ranges that nested clusters get by default and that others like: the machine's network stays out of them. */
const avoided = [
  '10.200.0.0/16',
  '10.201.0.0/16',
  '10.244.0.0/16',
  '10.96.0.0/12',
  '10.42.0.0/15',
  '10.88.0.0/15',
]

/** Where the network of a host may lie, best first; 256 ranges of 254 addresses in each. */
const pools = ['10.199.0.0/16', '10.198.0.0/16', '172.31.0.0/16', '192.168.0.0/16', '100.74.0.0/16']

/** Nodes have the addresses .10 to .250. */
const longestPrefix = 24

/** A range for containers that meets nothing the machine uses. */
export function chooseSubnet(occupied: readonly OccupiedRange[], own: readonly string[]): string {
  const taken: readonly AddressRange[] = [...occupied.map(({ cidr }) => cidr), ...own, ...avoided].map(
    (cidr) => parseCidr(cidr),
  )
  for (const pool of pools.map((text) => parseCidr(text))) {
    for (let first = pool.first; first <= pool.last; first += 256) {
      const candidate = cidrAround(first, 24)
      if (!taken.some((range) => overlaps(range, candidate))) return candidate.text
    }
  }
  throw new KnestError('prerequisite', 'no free address range is left for the network of the host', {
    hint: `the machine has routes to all of ${pools.join(', ')}; choose one it does not use with --subnet`,
  })
}

/** A range that was asked for. Throws `config` for one that cannot be it, `prerequisite` for one in use. */
export function checkSubnet(text: string, occupied: readonly OccupiedRange[], own: readonly string[]): void {
  const subnet = parseCidr(text)
  const hint = 'give a private range of /24 or larger that this machine does not use, as in 10.199.7.0/24'
  const refuse = (why: string, code: 'config' | 'prerequisite' = 'config'): KnestError =>
    new KnestError(code, `subnet "${subnet.text}" ${why}`, { hint })
  if (subnet.prefix > longestPrefix) throw refuse('is too small for the network of the host')
  if (!privateRanges.some((range) => contains(parseCidr(range), subnet))) throw refuse('is not private')
  const ranges = own.find((cidr) => overlaps(parseCidr(cidr), subnet))
  if (ranges !== undefined) throw refuse(`overlaps ${ranges}, which the host's pods or Services have`)
  const used = occupied.find(({ cidr }) => overlaps(parseCidr(cidr), subnet))
  if (used !== undefined) throw refuse(`overlaps ${used.cidr}, ${used.usedBy}`, 'prerequisite')
}

/** For private use, between a provider and its customers, and for measurements. */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15']
