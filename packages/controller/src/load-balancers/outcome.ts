import { addressesOf, isReady, labels } from '@knest/core'
import type { KubeObject } from '@knest/core'
import { ingressOf, isLocal, localLabel, specOf } from './objects.js'
import type { Ingress, ServicePort } from './objects.js'

/** A load balancer that there is gives an address at once, or marks the Service as one that it works on. */
const patienceMs = 10_000
/** Those of clouds take a minute or three. */
const longPatienceMs = 300_000
/** Any node forwards a node port: a few suffice. */
const mostNodes = 5

export interface HostState {
  /** The host's Services of the cluster's load balancers. */
  readonly found: readonly KubeObject[]
  /** Pods of the host that are nodes of the cluster. */
  readonly pods: readonly KubeObject[]
  readonly hostNodes: readonly KubeObject[]
  /** For how long each host Service has been there, by uid, in milliseconds. */
  readonly ages: ReadonlyMap<string, number>
}

/** Where a nested Service is reached, as far as the host has said. */
export type Outcome =
  | { readonly is: 'balanced' | 'on-node-ports'; readonly ingress: readonly Ingress[]; readonly told: string }
  | { readonly is: 'awaited'; readonly nextMs: number }
  | { readonly is: 'out-of-reach'; readonly told: string }

/** Pure. `host`: the Service that stands for it on the host, as the host has it. */
export function outcomeOf(service: KubeObject, host: KubeObject, state: HostState): Outcome {
  const { ports = [], loadBalancerSourceRanges = [] } = specOf(service)
  const balanced = ingressOf(host).map(({ ip, hostname }): Ingress =>
    // The node gets packets for its own address and node port.
    ip === undefined ? { ...(hostname !== undefined && { hostname }) } : { ip, ipMode: 'Proxy' },
  )
  if (balanced.length > 0 && specOf(host).type === 'LoadBalancer')
    return { is: 'balanced', ingress: balanced, told: `reached at ${reachedAt(balanced, ports)}` }
  const nextMs = patienceFor(host, state)
  if (nextMs > 0) return { is: 'awaited', nextMs }
  const why = whyNone(host)
  if (loadBalancerSourceRanges.length > 0)
    return {
      is: 'out-of-reach',
      told: `${why}, and node ports keep no loadBalancerSourceRanges: leave them out`,
    }
  return onNodePorts(service, host, state, why)
}

function whyNone(host: KubeObject): string {
  const { name, namespace = '' } = host.metadata
  if (specOf(host).type !== 'LoadBalancer') return 'the host refuses Services of type LoadBalancer'
  if (isWorkedOn(host))
    return `the host's load balancer has given Service "${name}" in namespace "${namespace}" no address in ${longPatienceMs / 60_000} minutes`
  return 'the host has no load balancer'
}

/** Milliseconds that are left until nobody is expected to give an address. */
function patienceFor(host: KubeObject, { found, ages }: HostState): number {
  const ageOf = ({ metadata }: KubeObject): number => ages.get(metadata.uid ?? '') ?? 0
  if (specOf(host).type !== 'LoadBalancer') return 0
  if (isWorkedOn(host)) return longPatienceMs - ageOf(host)
  // What was found out with one need not be found out again.
  const isKnown = found.some((each) => isUnheeded(each) && ageOf(each) >= patienceMs)
  const isOther = found.some((each) => ingressOf(each).length > 0)
  return isKnown && !isOther ? 0 : patienceMs - ageOf(host)
}

function isWorkedOn({ metadata: { finalizers = [] } }: KubeObject): boolean {
  return finalizers.length > 0
}

function isUnheeded(host: KubeObject): boolean {
  return specOf(host).type === 'LoadBalancer' && !isWorkedOn(host) && ingressOf(host).length === 0
}

function onNodePorts(service: KubeObject, host: KubeObject, state: HostState, why: string): Outcome {
  const { ports = [] } = specOf(service)
  const opened = ports.map((port) => {
    const { port: number, protocol = 'TCP' } = port
    const at = specOf(host).ports?.find(
      (each) => each.port === number && (each.protocol ?? 'TCP') === protocol,
    )
    return { port: number, protocol, nodePort: at?.nodePort }
  })
  // The host has not been told of a port yet.
  if (opened.some(({ nodePort }) => nodePort === undefined)) return { is: 'awaited', nextMs: patienceMs }
  const addresses = nodeAddresses(service, state)
  if (addresses.length === 0)
    return { is: 'out-of-reach', told: `${why}, and no node of it that could forward a node port is ready` }
  const numbers = opened.map(({ port, protocol, nodePort = 0 }) => ({
    ...{ port, protocol },
    // There is no other place for it: the port itself is closed there.
    error: `knest.dev/NodePort${nodePort}`,
  }))
  const ingress = addresses.map((ip) => ({ ip, ipMode: 'Proxy', ports: numbers }))
  const told = opened.map(({ port, protocol, nodePort = 0 }) => `${nodePort} for ${port}/${protocol}`)
  return {
    is: 'on-node-ports',
    ingress,
    told: `${why}: reached at its nodes ${addresses.join(', ')}, port ${told.join(', ')}`,
  }
}

/** Of host nodes that forward to the Service, by name. */
function nodeAddresses(service: KubeObject, { hostNodes, pods }: HostState): readonly string[] {
  const label = localLabel(service)
  const withEndpoints = new Set(
    pods.filter(({ metadata }) => metadata.labels?.[label] !== undefined).map(nodeNameOf),
  )
  return [...hostNodes]
    .sort((one, other) => one.metadata.name.localeCompare(other.metadata.name, 'en', { numeric: true }))
    .filter(isReady)
    .filter(({ metadata }) => !isLocal(service) || withEndpoints.has(metadata.name))
    .slice(0, mostNodes)
    .flatMap((node) => addressesOf(node).slice(0, 1))
}

function nodeNameOf({ spec }: KubeObject): string | undefined {
  return (spec as { readonly nodeName?: string } | undefined)?.nodeName
}

function reachedAt(ingress: readonly Ingress[], ports: readonly ServicePort[]): string {
  const at = ingress.map(({ ip, hostname }) => ip ?? hostname ?? '').join(', ')
  return `${at}, port ${ports.map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`).join(', ')}`
}

/** The pods of nodes that have endpoints of a Service which is served locally; see `localLabel`. */
export function isNodeOf(pod: KubeObject, nodes: ReadonlySet<string>): boolean {
  return nodes.has(pod.metadata.labels?.[labels.node] ?? '')
}
