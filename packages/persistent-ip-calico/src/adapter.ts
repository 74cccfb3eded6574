import {
  createAddressAllocator,
  isSameCluster,
  KnestError,
  parseCandidates,
  takenObjectProblems,
  usedByPods,
  withoutAll,
} from '@knest/core'
import type { AddressOptions, AddressSource, ExplainingAddressAdapter, KubeApi, Problem } from '@knest/core'
import { usedInBlock } from './blocks.js'
import { explainCalicoEvent } from './explain.js'
import { ipamProblems } from './ipam.js'
import { listOrUndefined, readPools, type CalicoGroup } from './kinds.js'
import { poolProblems } from './pools.js'
import { reservation, reserveRanges } from './reservation.js'

const blockKind = { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPAMBlock' }

/** Nodes ask for their address by annotations that Calico's own address management honours. */
export function createCalicoAddresses(api: KubeApi, options: AddressOptions): ExplainingAddressAdapter {
  const { ranges } = parseCandidates(options.candidates)
  let group: Promise<CalicoGroup> | undefined

  const source: AddressSource = {
    used: async (signal) => {
      const [pods, blocks] = await Promise.all([
        usedByPods(api, signal),
        listOrUndefined(api, blockKind, signal),
      ])
      return [...pods, ...(blocks ?? []).flatMap(usedInBlock)]
    },

    // The whole wish, so that the cluster can grow; nothing once it has no node.
    protect: async (cluster, addresses, signal) => {
      group ??= findGroup(api, signal)
      const claimed = addresses.map((address) => ({ first: address, last: address }))
      const isOwn = isSameCluster(cluster, options.cluster)
      const grown = isOwn && claimed.length > 0 ? ranges : []
      const reserved = [...grown, ...claimed.flatMap((one) => withoutAll(one, grown))]
      await reserveRanges(api, await group, cluster, reserved, signal)
    },

    annotations: ({ ip, mac }) =>
      Promise.resolve({
        'cni.projectcalico.org/ipAddrs': JSON.stringify([ip]),
        'cni.projectcalico.org/hwAddr': mac,
      }),
  }

  return {
    name: 'calico',
    ...createAddressAllocator(api, options, source, async (signal): Promise<readonly Problem[]> => {
      const found = await readPools(api, signal)
      if (found === undefined) return [noCalico]
      const { cluster, candidates } = options
      const [ipam, taken] = await Promise.all([
        ipamProblems(api, signal),
        takenObjectProblems(api, cluster, reservation(found.group, cluster), signal),
      ])
      return [...poolProblems(found.pools, candidates), ...ipam, ...taken]
    }),
    explain: explainCalicoEvent,
  }
}

async function findGroup(api: KubeApi, signal: AbortSignal): Promise<CalicoGroup> {
  const found = await readPools(api, signal)
  if (found === undefined) throw new KnestError('prerequisite', noCalico.message, { hint: noCalico.hint })
  return found.group
}

const noCalico: Problem = {
  message: 'the host has no Calico: it does not know IPPools, or you may not read them',
  hint: 'choose another --host-cluster-cni, or leave --machine-addresses out',
  severity: 'error',
}
