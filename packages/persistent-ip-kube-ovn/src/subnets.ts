import {
  addressCount,
  contains,
  formatRange,
  overlaps,
  parseAddress,
  parseCandidates,
  parseCidr,
  withoutAll,
} from '@knest/core'
import type { AddressRange, Cidr, KubeObject, Problem } from '@knest/core'

interface SubnetSpec {
  /** One IPv4 range, one IPv6 range, or both with a comma between. */
  readonly cidrBlock?: string
  readonly gateway?: string
  readonly vpc?: string
  readonly provider?: string
}

export interface Subnet {
  readonly name: string
  readonly range: Cidr
  /** Network, broadcast and gateway addresses. */
  readonly unusable: readonly AddressRange[]
}

/** Subnets whose addresses pods of the default VPC may have; `join` is the nodes' own. */
export function podSubnets(objects: readonly KubeObject[]): readonly Subnet[] {
  return objects.flatMap(({ metadata, spec: given }) => {
    const {
      cidrBlock = '',
      gateway = '',
      vpc = 'ovn-cluster',
      provider = 'ovn',
    } = (given ?? {}) as SubnetSpec
    const cidr = cidrBlock.split(',').find((part) => part !== '' && !part.includes(':'))
    if (cidr === undefined || metadata.name === 'join') return []
    if ((vpc !== '' && vpc !== 'ovn-cluster') || (provider !== '' && provider !== 'ovn')) return []
    const range = parseCidr(cidr.trim())
    const gateways = gateway.split(',').filter((part) => part !== '' && !part.includes(':'))
    const edges = addressCount(range) > 2 ? [range.first, range.last] : []
    const unusable = [...gateways.map(parseAddress), ...edges].map((address) => ({
      first: address,
      last: address,
    }))
    return [{ name: metadata.name, range, unusable }]
  })
}

export function subnetOf(subnets: readonly Subnet[], range: AddressRange): Subnet | undefined {
  return subnets.find((subnet) => contains(subnet.range, range))
}

/** Candidates that Kube-OVN would refuse. Pure. */
export function subnetProblems(subnets: readonly Subnet[], texts: readonly string[]): readonly Problem[] {
  const candidates = parseCandidates(texts).ranges
  const [first] = candidates
  const home = first && subnetOf(subnets, first)
  const outside = candidates.filter((range) => home === undefined || !contains(home.range, range))
  if (home === undefined || outside.length > 0) return [outsideProblem(outside, subnets)]
  const unusable = home.unusable.filter((one) => candidates.some((range) => overlaps(range, one)))
  if (unusable.length === 0) return []
  const rest = candidates.flatMap((range) => withoutAll(range, unusable)).map(formatRange)
  return [
    {
      message: `Kube-OVN Subnet "${home.name}" ${home.range.text} keeps ${unusable.map(formatRange).join(', ')} for itself`,
      hint: `use ${rest.length === 0 ? 'others' : rest.join(', ')}`,
      severity: 'error',
    },
  ]
}

function outsideProblem(outside: readonly AddressRange[], subnets: readonly Subnet[]): Problem {
  const names = subnets.map(({ name, range }) => `"${name}" ${range.text}`).join(', ')
  return {
    message: `machine addresses ${outside.map(formatRange).join(', ')} are not in one Kube-OVN Subnet of the default VPC with the others`,
    hint: names === '' ? 'make a Subnet for them' : `choose all from one Subnet: ${names}`,
    severity: 'error',
  }
}
