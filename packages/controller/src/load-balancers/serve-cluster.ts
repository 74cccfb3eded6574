import { anySignal, clusterSelector, labels } from '@knest/core'
import type { HealAction, KubeApi, KubeObject } from '@knest/core'
import { podKind } from '../pods.js'
import { lacksAddress, rangeOf, type AddressGiver } from './addresses.js'
import type { Bell } from './bell.js'
import { carryOut } from './carry-out.js'
import { planBalancers } from './decide.js'
import { nodesWithEndpoints } from './endpoints.js'
import { keepWatching, type Pause } from './keep-watching.js'
import { endpointSliceKind, ingressOf, isForUs, isLocal, nestedOf, serviceKind } from './objects.js'
import type { NestedRef, OwnerCluster } from './objects.js'

const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const firstRetryMs = 1_000
const longestRetryMs = 300_000

/** What is known of a cluster's load balancers while its API comes and goes. */
export interface ClusterMemory {
  /** When each host Service was seen first, by uid. */
  readonly firstSeen: Map<string, number>
  /** See `BothSides`. */
  readonly said: Map<string, string>
}

export interface ClusterServing {
  readonly cluster: OwnerCluster
  readonly api: KubeApi
  readonly nested: KubeApi
  readonly addresses: AddressGiver
  readonly memory: ClusterMemory
  /** Rung whenever something of the host has changed that this depends on. */
  readonly bell: Bell
  /** Not while the cluster is paused or goes. */
  readonly isServed: () => boolean
  /** It is to have none: what it had is taken away. */
  readonly isOff: () => boolean
  readonly log: (line: string) => void
  readonly pause: Pause
  readonly signal: AbortSignal
}

/** Keeps the load balancers of a cluster while its API answers, until the signal ends it. Never rejects. */
export async function serveCluster(serving: ClusterServing): Promise<void> {
  const { bell, log, memory, nested, pause, signal } = serving
  let services: readonly KubeObject[] | undefined
  const followed = followEndpoints(serving)
  const selector = { fieldSelector: 'spec.type=LoadBalancer' }
  const watching = keepWatching(nested, serviceKind, selector, { pause, signal }, (objects) => {
    services = objects
    followed.show(objects.filter((service) => isForUs(service) && isLocal(service)))
    bell.ring()
  })
  let failures = 0
  let hasServed = false
  let wasOff = false
  let nextMs: number | undefined
  for (;;) {
    try {
      await bell.heard(nextMs, signal)
      nextMs = undefined
      if (services === undefined || !serving.isServed()) continue
      // Of most clusters nothing is asked again.
      const isOff = serving.isOff()
      const isNone = services.length === 0 || (isOff && wasOff)
      if (isNone && hasServed && memory.firstSeen.size === 0) continue
      const looked = await look(serving, services, followed.known, isOff)
      hasServed = true
      failures = looked.errors.length === 0 ? 0 : failures + 1
      wasOff = isOff && failures === 0
      if (failures > 0) nextMs = retryMs(failures)
      else if (looked.hasMore) bell.ring()
      else nextMs = looked.nextMs
    } catch (error) {
      if (signal.aborted) break
      failures++
      nextMs = retryMs(failures)
      if (failures > 1) log(`load balancers: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  await watching
}

function retryMs(failures: number): number {
  return Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs)
}

interface Looked {
  readonly errors: readonly unknown[]
  readonly nextMs: number | undefined
  /** What was done makes more to be done. */
  readonly hasMore: boolean
}

async function look(
  serving: ClusterServing,
  services: readonly KubeObject[],
  endpoints: ReadonlyMap<string, ReadonlySet<string>>,
  isOff: boolean,
): Promise<Looked> {
  const { api, cluster, memory, signal } = serving
  const { namespace, name } = cluster
  const isNone = services.length === 0
  const [there, pods, hostNodes] = await Promise.all([
    listHostServices(api, cluster, signal),
    isNone
      ? []
      : api.list(podKind, { namespace, labelSelector: `${clusterSelector(name)},${labels.node}`, signal }),
    isNone || isOff ? [] : api.list(nodeKind, { signal }),
  ])
  const found = await withAddresses(serving, there, services, hostNodes)
  const ages = remember(memory.firstSeen, found)
  const plan = planBalancers({ cluster, services, endpoints, found, pods, hostNodes, ages, isOff })
  const tell = (service: NestedRef, { type, reason, message }: HealAction): void =>
    serving.log(
      `Service "${service.namespace}/${service.name}": ${type === 'Warning' ? 'warning: ' : ''}${reason}: ${message}`,
    )
  const errors = await carryOut(plan, { ...serving, tell, said: memory.said })
  const uids = new Set(found.map((object) => nestedOf(object).uid))
  const hasMore = plan.services.some(({ nested, steps }) =>
    steps.some((step) => step.do === 'delete' || (step.do === 'apply' && !uids.has(nested.uid))),
  )
  return { errors, nextMs: plan.nextMs, hasMore }
}

/** Those that stand for Services of the cluster. */
export function listHostServices(
  api: Pick<KubeApi, 'list'>,
  { namespace, name }: Pick<OwnerCluster, 'namespace' | 'name'>,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const labelSelector = `${clusterSelector(name)},${labels.loadBalancer}`
  return api.list(serviceKind, { namespace, labelSelector, signal })
}

/** Where knest is the host's load balancer itself. */
async function withAddresses(
  { addresses, signal }: ClusterServing,
  found: readonly KubeObject[],
  services: readonly KubeObject[],
  hostNodes: readonly KubeObject[],
): Promise<readonly KubeObject[]> {
  const range = rangeOf(hostNodes)
  if (range === undefined) return found
  return Promise.all(
    found.map(async (object) => {
      if (!lacksAddress(object)) return object
      const nested = services.find(({ metadata }) => metadata.uid === nestedOf(object).uid)
      if (nested === undefined) return object
      return addresses.give(range, object, ingressOf(nested)[0]?.ip, signal)
    }),
  )
}

function remember(firstSeen: Map<string, number>, found: readonly KubeObject[]): ReadonlyMap<string, number> {
  const now = performance.now()
  const uids = new Set(found.map(({ metadata }) => metadata.uid ?? ''))
  for (const uid of firstSeen.keys()) if (!uids.has(uid)) firstSeen.delete(uid)
  for (const uid of uids) if (!firstSeen.has(uid)) firstSeen.set(uid, now)
  return new Map([...firstSeen].map(([uid, since]) => [uid, now - since]))
}

/** Watches the endpoints of Services that are served locally, one watch each, and of no others. */
function followEndpoints({ bell, nested, pause, signal }: ClusterServing): {
  readonly known: ReadonlyMap<string, ReadonlySet<string>>
  show(services: readonly KubeObject[]): void
} {
  const known = new Map<string, ReadonlySet<string>>()
  const stops = new Map<string, AbortController>()
  return {
    known,
    show: (services) => {
      const uids = new Set(services.map(({ metadata }) => metadata.uid ?? ''))
      for (const [uid, stop] of stops) {
        if (uids.has(uid)) continue
        stop.abort()
        stops.delete(uid)
        known.delete(uid)
      }
      for (const { metadata } of services) {
        const { name, namespace, uid = '' } = metadata
        if (stops.has(uid)) continue
        const stop = new AbortController()
        stops.set(uid, stop)
        const selector = { namespace, labelSelector: `kubernetes.io/service-name=${name}` }
        const until = anySignal(signal, stop.signal)
        void keepWatching(nested, endpointSliceKind, selector, { pause, signal: until }, (slices) => {
          if (until.aborted) return
          known.set(uid, nodesWithEndpoints(slices))
          bell.ring()
        })
      }
    },
  }
}
