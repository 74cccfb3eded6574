import type { HealAction, KubeObject } from '@knest/core'
import {
  cleanupFinalizer,
  ingressOf,
  isForUs,
  isLocal,
  isLocalLabel,
  isOwn,
  localLabel,
  nestedOf,
  specOf,
} from './objects.js'
import type { Ingress, NestedRef, OwnerCluster } from './objects.js'
import { isNodeOf, outcomeOf } from './outcome.js'
import type { HostState } from './outcome.js'
import { hostService } from './render.js'

export interface Seen extends HostState {
  readonly cluster: OwnerCluster
  /** Services of type LoadBalancer in the nested cluster. */
  readonly services: readonly KubeObject[]
  /** Nested nodes with endpoints of a Service that is served locally, by its uid; none where nothing is known yet. */
  readonly endpoints: ReadonlyMap<string, ReadonlySet<string>>
  /** The cluster is to have none: its Services are left to others. */
  readonly isOff?: boolean
}

/** What is to be done for one nested Service, one after the other. */
export type Step =
  | { readonly do: 'hold' | 'say'; readonly action: HealAction }
  | { readonly do: 'apply' | 'delete'; readonly object: KubeObject }
  | { readonly do: 'publish'; readonly ingress: readonly Ingress[] }
  /** Takes the finalizer away; `empties` the status, too. */
  | { readonly do: 'release'; readonly empties: boolean }

export interface Plan {
  readonly services: readonly { readonly nested: NestedRef; readonly steps: readonly Step[] }[]
  /** Labels of pods that change; null takes one away. */
  readonly pods: readonly {
    readonly pod: KubeObject
    readonly labels: Readonly<Record<string, 'true' | null>>
  }[]
  /** When to decide anew though nothing has changed, in milliseconds. */
  readonly nextMs: number | undefined
}

/** What the load balancers of a cluster need on the host and in the cluster. Pure. */
export function planBalancers(seen: Seen): Plan {
  const all = seen.services.filter(isForUs)
  const asked = seen.isOff === true ? [] : all
  const own = seen.found.filter((object) => isOwn(seen.cluster, object))
  const state = { ...seen, found: own }
  const uids = new Set(asked.map(({ metadata }) => metadata.uid))
  const planned = asked.map((service) => {
    const host = own.find((object) => nestedOf(object).uid === service.metadata.uid)
    return { nested: refOf(service), ...planService(service, host, state) }
  })
  const left = own
    .filter((object) => !uids.has(nestedOf(object).uid))
    .map((object) => ({
      nested: nestedOf(object),
      // In this order: who is interrupted finds the host Service again.
      steps: [release(true), ...deletion(object)],
    }))
  const hosted = new Set(own.map((object) => nestedOf(object).uid))
  const forgotten = all
    .filter(({ metadata: { uid = '' } }) => seen.isOff === true && !hosted.has(uid))
    .filter(hasOurAddress)
    .map((service) => ({ nested: refOf(service), steps: [release(true)] }))
  const waits = planned.flatMap(({ nextMs }) => nextMs ?? [])
  return {
    services: [...planned.map(({ nested, steps }) => ({ nested, steps })), ...left, ...forgotten],
    pods: seen.pods.flatMap((pod) => labelling(pod, asked, seen)),
    nextMs: waits.length === 0 ? undefined : Math.min(...waits),
  }
}

interface ServicePlan {
  readonly steps: readonly Step[]
  readonly nextMs?: number
}

function planService(service: KubeObject, host: KubeObject | undefined, seen: Seen): ServicePlan {
  const { deletionTimestamp, finalizers = [] } = service.metadata
  const isHeld = finalizers.includes(cleanupFinalizer)
  const foreign = foreignAddress(service)
  if (foreign !== undefined) {
    // Also the finalizer may be theirs.
    if (host === undefined) return { steps: [] }
    const told = `somebody else in the cluster gave it the address ${foreign}: knest leaves it to them`
    return { steps: [warning(told), ...deletion(host), release(false)] }
  }
  if (deletionTimestamp !== undefined) {
    if (host !== undefined) return { steps: deletion(host) }
    return { steps: isHeld ? [release(false)] : [] }
  }
  const refusal = refusalOf(service)
  if (refusal !== undefined) {
    const had = host === undefined ? [] : deletion(host)
    const isMarked = isHeld || ingressOf(service).length > 0
    return { steps: [warning(refusal), ...had, ...(isMarked ? [release(true)] : [])] }
  }
  if (host?.metadata.deletionTimestamp !== undefined) return { steps: [] }
  const apply: readonly Step[] = [
    ...(isHeld ? [] : [hold()]),
    { do: 'apply', object: hostService(seen.cluster, service, host) },
  ]
  if (host === undefined) return { steps: apply }
  const { loadBalancerSourceRanges = [] } = specOf(service)
  // Where the host refused a load balancer before the Service had them: it may not refuse it now.
  if (loadBalancerSourceRanges.length > 0 && specOf(host).type !== 'LoadBalancer')
    return { steps: [...(ingressOf(service).length > 0 ? [publish([])] : []), ...deletion(host)] }
  const outcome = outcomeOf(service, host, seen)
  if (outcome.is === 'awaited') return { steps: apply, nextMs: outcome.nextMs }
  if (outcome.is === 'out-of-reach') {
    const clears = ingressOf(service).length > 0 ? [publish([])] : []
    return { steps: [...apply, warning(outcome.told), ...clears] }
  }
  if (isSame(ingressOf(service), outcome.ingress)) return { steps: apply }
  const told: Step = { do: 'say', action: normal('EnsuredLoadBalancer', outcome.told) }
  return { steps: [...apply, publish(outcome.ingress), told] }
}

function refOf({ metadata: { name, namespace = '', uid = '' } }: KubeObject): NestedRef {
  return { name, namespace, uid }
}

/** What knest writes of an address, and nobody else of one that leads elsewhere. */
function hasOurAddress(service: KubeObject): boolean {
  return foreignAddress(service) === undefined && ingressOf(service).some(({ ipMode }) => ipMode === 'Proxy')
}

/** An address that knest did not write: those that it writes leave packets for it to the host. */
function foreignAddress(service: KubeObject): string | undefined {
  return ingressOf(service).find(({ ip, ipMode }) => ip !== undefined && ipMode !== 'Proxy')?.ip
}

function refusalOf(service: KubeObject): string | undefined {
  const { ports = [] } = specOf(service)
  const closed = ports.filter(({ nodePort }) => nodePort === undefined).map(({ port }) => port)
  if (closed.length === 0) return undefined
  return `port ${closed.join(', ')} has no node port, by which the host reaches it: leave allocateLoadBalancerNodePorts out, or true`
}

function labelling(pod: KubeObject, asked: readonly KubeObject[], seen: Seen): Plan['pods'] {
  const had = Object.keys(pod.metadata.labels ?? {}).filter(isLocalLabel)
  const wanted = asked
    .filter((service) => isLocal(service) && service.metadata.deletionTimestamp === undefined)
    .filter((service) => {
      const nodes = seen.endpoints.get(service.metadata.uid ?? '')
      // Nothing is known of them yet: it stays as it is.
      return nodes === undefined ? had.includes(localLabel(service)) : isNodeOf(pod, nodes)
    })
    .map(localLabel)
  const changes = [
    ...wanted.filter((label) => !had.includes(label)).map((label) => [label, 'true'] as const),
    ...had.filter((label) => !wanted.includes(label)).map((label) => [label, null] as const),
  ]
  return changes.length === 0 ? [] : [{ pod, labels: Object.fromEntries(changes) }]
}

function deletion(object: KubeObject): readonly Step[] {
  return object.metadata.deletionTimestamp === undefined ? [{ do: 'delete', object }] : []
}

function hold(): Step {
  return { do: 'hold', action: normal('EnsuringLoadBalancer', 'asking the host for a load balancer') }
}

function release(empties: boolean): Step {
  return { do: 'release', empties }
}

function publish(ingress: readonly Ingress[]): Step {
  return { do: 'publish', ingress }
}

function warning(message: string): Step {
  return { do: 'say', action: { type: 'Warning', reason: 'SyncLoadBalancerFailed', message } }
}

function normal(reason: string, message: string): HealAction {
  return { type: 'Normal', reason, message }
}

function isSame(one: readonly Ingress[], other: readonly Ingress[]): boolean {
  return JSON.stringify(one.map(canonical)) === JSON.stringify(other.map(canonical))
}

function canonical({ ip, hostname, ipMode, ports = [] }: Ingress): unknown {
  return [ip, hostname, ipMode, ports.map(({ port, protocol, error }) => [port, protocol, error])]
}
