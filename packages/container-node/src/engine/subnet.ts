import {
  cidrAround,
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
const pools = ['10.199.0.0/16', '10.198.0.0/16', '172.31.0.0/16', '192.168.0.0/16']

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
    hint: `knest tries ${pools.join(', ')}; the machine has routes to all of them`,
  })
}
