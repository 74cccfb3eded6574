import type { WorldPromise } from './promise.js'
import { statusOf } from './pod-views.js'
import type { World } from './world.js'

/** Of nodes whose addresses are kept. */
export const addressPromises: readonly WorldPromise<World>[] = [
  {
    name: 'no two nodes of one address',
    always: (world) => {
      if (world.calico === undefined) return undefined
      const seen = new Map<string, string>()
      for (const machine of world.kubelets.all()) {
        const pod = world.kubelets.podOf(machine)
        const address = pod === undefined ? undefined : statusOf(pod).podIP
        if (address === undefined) continue
        const other = seen.get(address)
        if (other !== undefined) return `"${machine.node}" and "${other}" have ${address}`
        seen.set(address, machine.node)
      }
      return undefined
    },
  },
  {
    name: 'an address outlives pods and VMs',
    onStart: (world, { node, disk, podUid }) => {
      const record = world.record(disk.cluster.split('/')[1] ?? '')
      const { persistence } = (record?.spec ?? {}) as { persistence?: { addresses?: readonly string[] } }
      if (world.calico === undefined || persistence?.addresses === undefined) return undefined
      const pod = world.kubelets.all().find((one) => one.podUid === podUid)
      const address = pod === undefined ? undefined : statusOf(world.kubelets.podOf(pod) ?? noPod).podIP
      const before = world.addresses.get(disk.id)
      if (address !== undefined) world.addresses.set(disk.id, address)
      return before === undefined || before === address
        ? undefined
        : `"${node}" had ${before} and starts on the same disk with ${address ?? 'none'}`
    },
  },
]

const noPod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: '' } }
