import type { ClusterNetwork } from '../contracts/cluster.js'
import { ciliumHint } from '../addons/cilium.js'
import { addressCount, overlaps, parseCidr, type Cidr } from '../network/cidr.js'
import * as defaults from '../defaults.js'
import { domainFault, isPort } from '../values/index.js'
import { nearest } from './nearest.js'
import type { ProblemList } from './problem-list.js'
import type { ClusterInput } from './schema.js'

const cniNames = ['flannel', 'calico', 'cilium', 'none'] as const

/** Fills in and checks the network; `nodes` is how many nodes its pod range must serve. */
export function resolveNetwork(
  input: ClusterInput['network'],
  nodes: number,
  problems: ProblemList,
): ClusterNetwork {
  const podNetworkCidr = input?.podNetworkCidr ?? [defaults.defaultPodCidr]
  const serviceCidr = input?.serviceCidr ?? [defaults.defaultServiceCidr]
  const pods = onlyRange('pod network CIDR', podNetworkCidr, problems)
  const services = onlyRange('service CIDR', serviceCidr, problems)
  if (pods !== undefined) checkPods(pods, nodes, problems)
  if (services !== undefined) checkServices(services, problems)
  if (pods !== undefined && services !== undefined && overlaps(pods, services)) {
    problems.error(
      `pod network CIDR "${pods.text}" and service CIDR "${services.text}" overlap`,
      `give two separate ranges, as in ${defaults.defaultPodCidr} and ${defaults.defaultServiceCidr}`,
    )
  }
  return {
    podNetworkCidr,
    serviceCidr,
    dnsDomain: resolveDnsDomain(input?.dnsDomain, problems),
    cni: resolveCni(input?.cni, problems),
    vxlanPort: resolvePort(input?.vxlanPort, problems),
    mtu: resolveMtu(input?.mtu, problems),
  }
}

/** Lists are there so that dual stack changes no contract; this is what has to give way to it. */
function onlyRange(what: string, ranges: readonly string[], problems: ProblemList): Cidr | undefined {
  const [text, ...others] = ranges
  if (text !== undefined && others.length === 0) return problems.try(what, () => parseCidr(text))
  const hint = 'give one IPv4 range, as in 10.200.0.0/16'
  if (text === undefined) problems.error(`${what} has no range`, hint)
  else if (others.length > 1) problems.error(`${what} "${ranges.join(',')}" has more than two ranges`, hint)
  else
    problems.error(
      `${what} "${ranges.join(',')}" has two ranges; IPv6 and dual-stack networks are not supported yet`,
      hint,
    )
  return undefined
}

/** One node more than wanted, so that a node can be replaced by a new one before it goes. */
export function podCapacityFault(pods: Cidr, nodes: number): { message: string; hint: string } | undefined {
  const room = Math.floor(addressCount(pods) / 2 ** (32 - defaults.nodePodPrefix))
  if (room >= nodes + 1) return undefined
  const needed = Math.ceil(Math.log2(nodes + 1))
  return {
    message:
      `pod network CIDR "${pods.text}" has room for ${room} nodes (a /${defaults.nodePodPrefix} each), ` +
      `${nodes} and a spare are needed`,
    hint: `use a range of /${Math.min(22, defaults.nodePodPrefix - needed)} or larger`,
  }
}

function checkPods(pods: Cidr, nodes: number, problems: ProblemList): void {
  checkUsable('pod network CIDR', pods, problems)
  if (pods.prefix > 22) {
    problems.error(
      `pod network CIDR "${pods.text}" is too small: every node takes a /${defaults.nodePodPrefix} of it`,
      'use a range of /22 or larger, as in 10.200.0.0/16',
    )
    return
  }
  // kube-controller-manager: at most 16 bits between the cluster's range and a node's.
  if (pods.prefix < defaults.nodePodPrefix - 16) {
    problems.error(
      `pod network CIDR "${pods.text}" is larger than Kubernetes can divide`,
      'use a range between /8 and /22',
    )
    return
  }
  const fault = podCapacityFault(pods, nodes)
  if (fault !== undefined) problems.error(fault.message, fault.hint)
}

/** kube-apiserver allows at most 20 bits; CoreDNS takes the tenth address. */
function checkServices(services: Cidr, problems: ProblemList): void {
  checkUsable('service CIDR', services, problems)
  if (services.prefix < 12 || services.prefix > 28) {
    problems.error(
      `service CIDR "${services.text}" is too ${services.prefix < 12 ? 'large' : 'small'}: kube-apiserver takes /12 to /28`,
      'use a range between /12 and /28, as in 10.201.0.0/16',
    )
  }
}

const unusable: readonly (readonly [string, string])[] = [
  ['0.0.0.0/8', '"this network"'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
]

function checkUsable(what: string, cidr: Cidr, problems: ProblemList): void {
  const hit = unusable.find(([range]) => overlaps(cidr, parseCidr(range)))
  if (hit === undefined) return
  problems.error(
    `${what} "${cidr.text}" overlaps ${hit[0]}, which is ${hit[1]}`,
    'use a private range, as in 10.200.0.0/16',
  )
}

function resolveDnsDomain(input: string | undefined, problems: ProblemList): string {
  const domain = input ?? defaults.defaultDnsDomain
  const fault = domainFault(domain)
  if (fault !== undefined) problems.error(`DNS domain "${domain}" ${fault}`, 'use one such as cluster.local')
  return domain
}

function resolveCni(input: string | undefined, problems: ProblemList): string {
  const cni = input ?? defaults.defaultCni
  if (cni === 'cilium') {
    problems.error('CNI "cilium" needs a manifest, since Cilium publishes only a chart', ciliumHint)
    return cni
  }
  if (/^(calico|cilium)=./.test(cni)) return cni
  const isUrl = /^https?:\/\/\S+$/.test(cni)
  const isFile = !cni.includes('://') && (cni.includes('/') || /\.(ya?ml|json)$/.test(cni))
  if (isUrl || isFile || (cniNames as readonly string[]).includes(cni)) return cni
  const meant = nearest(cni, cniNames)
  problems.error(
    `CNI "${cni}" is not known`,
    `use ${cniNames.join(', ')}, or the file or http(s) URL of a manifest` +
      (meant === undefined ? '' : `; did you mean "${meant}"?`),
  )
  return cni
}

function resolvePort(input: number | undefined, problems: ProblemList): number {
  const port = input ?? defaults.defaultVxlanPort
  if (!isPort(port)) {
    problems.error(`VXLAN port ${port} is not a port`, 'use a whole number from 1 to 65535')
  }
  return port
}

function resolveMtu(input: number | undefined, problems: ProblemList): number {
  const mtu = input ?? defaults.automaticMtu
  if (mtu !== 0 && (!Number.isInteger(mtu) || mtu < defaults.minMtu || mtu > defaults.maxMtu)) {
    problems.error(
      `MTU ${mtu} is not usable`,
      `use ${defaults.minMtu} to ${defaults.maxMtu}, or 0 to decide from the host`,
    )
  }
  return mtu
}
