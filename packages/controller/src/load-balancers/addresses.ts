import { formatAddress, labels, parseCidr } from '@knest/core'
import type { KubeApi, KubeObject } from '@knest/core'
import { ingressOf, serviceKind, specOf } from './objects.js'

/** The range of addresses that knest itself gives to load balancers; the embedded host has one. */
export function rangeOf(hostNodes: readonly KubeObject[]): string | undefined {
  return hostNodes.flatMap(({ metadata }) => metadata.annotations?.[labels.loadBalancerAddresses] ?? [])[0]
}

/** The first of a range that nobody has, or the one that was there before. Neither its first nor its last. Pure. */
export function freeAddress(
  range: string,
  used: ReadonlySet<string>,
  before: string | undefined,
): string | undefined {
  const { first, last } = parseCidr(range)
  let free: string | undefined
  for (let value = first + 1; value < last; value++) {
    const address = formatAddress(value)
    if (used.has(address)) continue
    if (before === undefined || address === before) return address
    free ??= address
  }
  return free
}

export interface AddressGiver {
  /** Gives the Service an address of the range, and the Service as it is now. One at a time, so that none is given twice. */
  give(
    range: string,
    service: KubeObject,
    before: string | undefined,
    signal: AbortSignal,
  ): Promise<KubeObject>
}

export function createAddressGiver(api: KubeApi): AddressGiver {
  let last: Promise<unknown> = Promise.resolve()
  const give: AddressGiver['give'] = async (range, service, before, signal) => {
    const { name, namespace, uid } = service.metadata
    const all = await api.list(serviceKind, { signal })
    const used = new Set(all.flatMap((each) => ingressOf(each).flatMap(({ ip }) => ip ?? [])))
    const ip = freeAddress(range, used, before)
    if (ip === undefined) return service
    const patch = { metadata: { uid }, status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } } }
    return api.patch(serviceKind, name, namespace, patch, { signal, subresource: 'status' })
  }
  return {
    give: (...wanted) => {
      const given = last.then(() => give(...wanted))
      last = given.catch(() => undefined)
      return given
    },
  }
}

/** Whether a host Service waits for an address. */
export function lacksAddress(service: KubeObject): boolean {
  const { deletionTimestamp } = service.metadata
  return (
    deletionTimestamp === undefined &&
    specOf(service).type === 'LoadBalancer' &&
    service.metadata.labels?.[labels.loadBalancer] !== undefined &&
    ingressOf(service).length === 0
  )
}
