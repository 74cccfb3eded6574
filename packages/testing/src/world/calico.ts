import { parseCidr } from '@knest/core'
import type { KubeObject } from '@knest/core'
import type { Host } from './host.js'
import { kinds } from './host-kinds.js'
import { hasEnded } from './pod-views.js'
import type { Writer } from './store.js'

const calico: Writer = { name: 'calico', isKnest: false }
const block = '10.244.0.0/24'
/** The first of the block that a pod gets; those before are of the host. */
const firstPlace = 10

interface Holder {
  readonly uid: string
  readonly pod: string
  readonly namespace: string
}

/**
 * Calico's address management: a pod gets the address that its annotation asks for, or the lowest one that is free
 * and that no IPReservation covers. It has one block, and frees an address a moment after its pod.
 */
export class Calico {
  readonly #host: Host
  /** By place in the block. */
  readonly #holders = new Map<number, Holder>()

  constructor(host: Host) {
    this.#host = host
    for (const object of calicoObjects()) host.store.create(calico, object)
    this.#show()
    host.store.onChange(({ after, isGone }) => {
      if (after.kind !== kinds.pod.kind || !(isGone || hasEnded(after))) return
      host.soon(() => this.#free(after.metadata.uid ?? ''), 100, 5_000)
    })
  }

  /** The address of a pod that starts; undefined while it asks for one that another has. */
  assign(pod: KubeObject): string | undefined {
    const { uid = '', name, namespace = '' } = pod.metadata
    const own = [...this.#holders].find(([, holder]) => holder.uid === uid)?.[0]
    const place = own ?? this.#askedFor(pod) ?? this.#lowestFree()
    const holder = this.#holders.get(place)
    if (isHosts(place) || (holder !== undefined && holder.uid !== uid)) return undefined
    this.#holders.set(place, { uid, pod: name, namespace })
    this.#show()
    return addressAt(place)
  }

  #askedFor({ metadata: { annotations } }: KubeObject): number | undefined {
    const asked = annotations?.['cni.projectcalico.org/ipAddrs']
    const [address = ''] = asked === undefined ? [] : (JSON.parse(asked) as readonly string[])
    return asked === undefined ? undefined : Number(address.split('.')[3])
  }

  #lowestFree(): number {
    const reserved = this.#host.store.list(kinds.ipReservation).flatMap(({ spec }) => {
      const { reservedCIDRs = [] } = spec as { readonly reservedCIDRs?: readonly string[] }
      return reservedCIDRs.map((text) => parseCidr(text))
    })
    const { first } = parseCidr(block)
    const isTaken = (place: number): boolean =>
      isHosts(place) ||
      this.#holders.has(place) ||
      reserved.some((range) => first + place >= range.first && first + place <= range.last)
    for (let place = firstPlace; ; place++) if (!isTaken(place)) return place
  }

  #free(uid: string): void {
    for (const [place, holder] of this.#holders) if (holder.uid === uid) this.#holders.delete(place)
    this.#show()
  }

  /** The block as an object, which knest reads. */
  #show(): void {
    const places = [...this.#holders].sort(([a], [b]) => a - b)
    const hosts = { handle_id: 'vxlan-tunnel-addr-h1', secondary: { node: 'h1', type: 'vxlanTunnelAddress' } }
    const attributes = [
      hosts,
      ...places.map(([, { pod, namespace }]) => ({ handle_id: 'k8s', secondary: { pod, namespace } })),
    ]
    const allocations = Array.from({ length: 256 }, (_, place) => {
      if (isHosts(place)) return 0
      const index = places.findIndex(([taken]) => taken === place)
      return index === -1 ? null : index + 1
    })
    const name = block.replace(/[./]/g, '-')
    const object = { ...kinds.ipamBlock, metadata: { name }, spec: { cidr: block, allocations, attributes } }
    if (this.#host.store.get(kinds.ipamBlock, name) === undefined) this.#host.store.create(calico, object)
    else this.#host.store.replace(calico, object)
  }
}

/** That of a tunnel, in the middle of those that the nodes of a story may get. */
function isHosts(place: number): boolean {
  return place === 17
}

function addressAt(place: number): string {
  return `10.244.0.${place}`
}

/** What the nodes of a story may get. */
export const machineAddresses = ['10.244.0.16/28']

/** Calico itself, and a reservation of somebody else. */
function calicoObjects(): readonly KubeObject[] {
  const network = { plugins: [{ type: 'calico', ipam: { type: 'calico-ipam' } }] }
  return [
    { ...kinds.ipPool, metadata: { name: 'default' }, spec: { cidr: '10.244.0.0/16' } },
    { ...kinds.ipReservation, metadata: { name: 'of-others' }, spec: { reservedCIDRs: ['10.244.0.64/28'] } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'calico-config', namespace: 'kube-system' },
      data: { cni_network_config: JSON.stringify(network) },
    },
  ]
}
