import {
  applyOwn,
  createAddressAllocator,
  deleteAddressObject,
  KnestError,
  parseAddress,
  takenObjectProblems,
  usedByPods,
} from '@knest/core'
import type {
  AddressOptions,
  AddressSource,
  ExplainingAddressAdapter,
  KindRef,
  KubeApi,
  KubeObject,
  Problem,
} from '@knest/core'
import { explainKubeOvnEvent } from './explain.js'
import { poolKind, poolName, poolObject, poolProblems } from './pool.js'
import { podSubnets, subnetOf, subnetProblems, type Subnet } from './subnets.js'
import { usedByIp } from './used.js'

const subnetKind: KindRef = { apiVersion: 'kubeovn.io/v1', kind: 'Subnet' }
const ipKind: KindRef = { apiVersion: 'kubeovn.io/v1', kind: 'IP' }

/**
 * Nodes ask for their address by annotations. Without candidates none of this is needed: Kube-OVN keeps
 * the addresses of StatefulSets and VMs by itself.
 */
export function createKubeOvnAddresses(api: KubeApi, options: AddressOptions): ExplainingAddressAdapter {
  let subnets: Promise<readonly Subnet[]> | undefined

  const subnetWith = async (address: number, signal: AbortSignal): Promise<Subnet> => {
    subnets ??= list(api, subnetKind, signal).then((found) => podSubnets(found ?? []))
    const subnet = subnetOf(await subnets, { first: address, last: address })
    if (subnet === undefined)
      throw new KnestError('prerequisite', noKubeOvn.message, { hint: noKubeOvn.hint })
    return subnet
  }

  const source: AddressSource = {
    used: async (signal) => {
      const [pods, ips] = await Promise.all([usedByPods(api, signal), list(api, ipKind, signal)])
      return [...pods, ...(ips ?? []).flatMap(usedByIp)]
    },

    protect: async (cluster, addresses, signal) => {
      const [first] = addresses
      if (first === undefined) {
        await deleteAddressObject(api, cluster, { kind: poolKind, name: poolName(cluster) }, signal)
        return
      }
      const { name } = await subnetWith(first, signal)
      await applyOwn(api, poolObject(cluster, name, addresses), { signal })
    },

    annotations: async ({ ip, mac }, signal) => ({
      'ovn.kubernetes.io/logical_switch': (await subnetWith(parseAddress(ip), signal)).name,
      'ovn.kubernetes.io/ip_address': ip,
      'ovn.kubernetes.io/mac_address': mac,
    }),
  }

  return {
    name: 'kube-ovn',
    ...createAddressAllocator(api, options, source, async (signal): Promise<readonly Problem[]> => {
      const { candidates, cluster } = options
      const [found, pools, taken] = await Promise.all([
        list(api, subnetKind, signal),
        list(api, poolKind, signal),
        takenObjectProblems(api, cluster, { kind: poolKind, name: poolName(cluster) }, signal),
      ])
      if (found === undefined || pools === undefined) return [noKubeOvn]
      return [...subnetProblems(podSubnets(found), candidates), ...poolProblems(pools, candidates), ...taken]
    }),
    explain: explainKubeOvnEvent,
  }
}

/** Undefined when the host does not know the kind or does not let us read it. */
async function list(
  api: KubeApi,
  kind: KindRef,
  signal: AbortSignal,
): Promise<readonly KubeObject[] | undefined> {
  try {
    return await api.list(kind, { signal })
  } catch (error) {
    if (error instanceof KnestError && ['not-found', 'not-permitted'].includes(error.code)) return undefined
    throw error
  }
}

const noKubeOvn: Problem = {
  message:
    'the host has no Kube-OVN 1.12 or newer: it does not know its Subnets and IPPools, or you may not read them',
  hint: 'choose another --host-cluster-cni, or leave --machine-addresses out',
  severity: 'error',
}
