import type { OccupiedRange } from '../contracts/cluster-home.js'
import type { ClusterNetwork } from '../contracts/cluster.js'
import type { Problem } from '../errors.js'
import {
  cidrAround,
  contains,
  overlaps,
  parseAddressRange,
  parseCidr,
  rangeToCidrs,
  type Cidr,
} from './cidr.js'

/** Ranges few networks use: not the defaults of kubeadm, k3s, Calico, flannel, Kube-OVN or Docker. */
const podCandidates = [
  '10.200.0.0/16',
  '10.243.0.0/16',
  '10.210.0.0/16',
  '10.222.0.0/16',
  '172.30.0.0/16',
  '100.72.0.0/16',
]
const serviceCandidates = [
  '10.201.0.0/16',
  '10.95.0.0/16',
  '10.211.0.0/16',
  '10.223.0.0/16',
  '172.31.0.0/16',
  '100.73.0.0/16',
]

/** More than this about one range says nothing new. */
const maxProblems = 4

interface Used extends OccupiedRange {
  readonly range: Cidr
}

/**
 * Every overlap of the nested ranges with what the host uses and with `avoid` (CIDRs, addresses or
 * `A-B`), each with a range that is free. `network` has passed `resolveSpec`. Throws `config` for an
 * `avoid` that cannot be read.
 */
export function findOverlaps(
  network: Pick<ClusterNetwork, 'podNetworkCidr' | 'serviceCidr'>,
  occupied: readonly OccupiedRange[],
  avoid: readonly string[] = [],
): Problem[] {
  const used: Used[] = [
    ...occupied.map((range) => ({ ...range, range: parseCidr(range.cidr) })),
    ...avoid.flatMap((text) =>
      rangeToCidrs(parseAddressRange(text)).map((range) => ({
        cidr: range.text,
        range,
        usedBy: 'given with --avoid-cidr',
      })),
    ),
  ]
  const pods = network.podNetworkCidr.map(parseCidr)
  const services = network.serviceCidr.map(parseCidr)
  const freePods = freeRange(podCandidates, [...used.map((one) => one.range), ...services])
  const freeServices = freeRange(serviceCandidates, [
    ...used.map((one) => one.range),
    ...pods,
    ...(freePods === undefined ? [] : [freePods]),
  ])
  return [
    ...pods.flatMap((range) => problemsOf('pod network CIDR', '--pod-network-cidr', range, used, freePods)),
    ...services.flatMap((range) => problemsOf('service CIDR', '--service-cidr', range, used, freeServices)),
  ]
}

function freeRange(candidates: readonly string[], taken: readonly Cidr[]): Cidr | undefined {
  return candidates.map(parseCidr).find((candidate) => !taken.some((range) => overlaps(candidate, range)))
}

function problemsOf(
  what: string,
  flag: string,
  wanted: Cidr,
  used: readonly Used[],
  free: Cidr | undefined,
): Problem[] {
  const hint =
    free === undefined
      ? `choose a private range that the host does not use, with ${flag}`
      : `use a free range, as in ${flag} ${free.text}`
  const hits = withoutRepeats(used.filter((one) => overlaps(one.range, wanted)))
  if (hits.length === 0) return nearMisses(what, wanted, used, hint)
  return hits.slice(0, maxProblems).map((hit, index) => {
    const more = index === maxProblems - 1 ? hits.length - maxProblems : 0
    return {
      message: `${what} "${wanted.text}" overlaps ${hit.cidr}, ${hit.usedBy}${more > 0 ? ` (and ${more} more)` : ''}`,
      hint,
      severity: 'error',
    }
  })
}

/** One source for each range, and none for parts of another: a node's share says no more than the whole. */
function withoutRepeats(hits: readonly Used[]): Used[] {
  return hits.filter(
    (hit, index) =>
      !hits.some(
        (other, otherIndex) =>
          otherIndex !== index &&
          contains(other.range, hit.range) &&
          (!contains(hit.range, other.range) || otherIndex < index),
      ),
  )
}

/** How long the prefix of a node's own network is, the API does not tell; a /24 is the least to expect. */
function nearMisses(what: string, wanted: Cidr, used: readonly Used[], hint: string): Problem[] {
  const near = used.find(({ range }) => range.prefix === 32 && overlaps(cidrAround(range.first, 24), wanted))
  if (near === undefined) return []
  return [
    {
      message: `${what} "${wanted.text}" is close to ${near.cidr}, ${near.usedBy}, and may lie in its network`,
      hint,
      severity: 'warning',
    },
  ]
}
