import type { AddressAdapterName, BackendName, ClusterSpec } from '../contracts/cluster.js'
import type { Problem } from '../errors.js'

/** What is known and wished, before an adapter is chosen. */
export interface AddressRequest {
  /** As `HomeFacts.cni` names it; undefined when it is not known. */
  readonly hostCni: string | undefined
  /** Chosen by the user: counts more than what was detected. */
  readonly asked: AddressAdapterName | undefined
  readonly candidates: readonly string[]
  /** A host with Calico gives VMs their address back by itself (Calico 3.32 and newer). */
  readonly keepsVmAddresses: boolean
  /** True when every node is a VM. */
  readonly onlyVms: boolean
}

export type AddressKeeping =
  /** An adapter pins addresses of the wish. */
  | { readonly kind: 'pinned'; readonly adapter: AddressAdapterName }
  /** The host gives nodes the same address again with nothing asked for. */
  | {
      readonly kind: 'by-host'
      readonly statement: string
      readonly adapter: AddressAdapterName
    }
  | { readonly kind: 'changing'; readonly statement: string }
  | { readonly kind: 'impossible'; readonly problem: Problem }

/** Which adapter knows this CNI, by the name the host's facts give it. */
export function detectAddressAdapter(hostCni: string | undefined): AddressAdapterName | undefined {
  if (hostCni === 'Calico') return 'calico'
  if (hostCni === 'Kube-OVN') return 'kube-ovn'
  return undefined
}

/** What becomes of the nodes' addresses. Pure. */
export function chooseAddressKeeping(request: AddressRequest): AddressKeeping {
  const adapter = request.asked ?? detectAddressAdapter(request.hostCni)
  const host = request.hostCni ?? 'an unknown CNI'
  if (request.candidates.length > 0) {
    if (adapter !== undefined) return { kind: 'pinned', adapter }
    return { kind: 'impossible', problem: cannotPin(host) }
  }
  if (adapter === 'kube-ovn') {
    const statement = 'Kube-OVN gives a replaced node the same address again'
    return { kind: 'by-host', statement, adapter }
  }
  if (adapter === 'calico' && request.onlyVms && request.keepsVmAddresses) {
    return { kind: 'by-host', statement: 'Calico gives a restarted VM the same address again', adapter }
  }
  const cure = adapter === 'calico' ? '; --machine-addresses keeps them' : ''
  return { kind: 'changing', statement: `node addresses may change with ${host}, ${survives}${cure}` }
}

/** Whether the host of a recorded cluster gives nodes without a lease their address back. Pure. */
export function keepsAddress({ hostClusterCni }: ClusterSpec['persistence'], backend: BackendName): boolean {
  if (hostClusterCni === 'calico') return backend === 'vm'
  return hostClusterCni === 'kube-ovn' && backend !== 'container'
}

const survives = 'and the cluster survives it'

function cannotPin(host: string): Problem {
  return {
    message: `machine addresses are given, but ${host} cannot give a replaced pod the same address`,
    hint: `leave --machine-addresses out: node addresses may change, ${survives}; where the host has Calico or Kube-OVN after all, say so with --host-cluster-cni; for another CNI, patch the node objects with --cluster-template`,
    severity: 'error',
  }
}
