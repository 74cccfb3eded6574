import type { KindRef, KubeObject } from '@knest/core'
import { admin, one, untilLater, type Fault } from './fault.js'
import { kinds } from './host-kinds.js'
import type { Machine } from './machine.js'
import { isLauncher } from './pod-views.js'
import type { World } from './world.js'

/** None on a host without VMs. */
function listOf({ cluster: { store }, vms }: World, kind: KindRef): readonly KubeObject[] {
  if (vms === undefined) return []
  try {
    return store.list(kind)
  } catch {
    // A host without CDI.
    return []
  }
}

function guestsOf({ kubelets }: World): readonly { readonly machine: Machine; readonly pod: KubeObject }[] {
  return kubelets.all().flatMap((machine) => {
    const pod = kubelets.podOf(machine)
    return pod !== undefined && isLauncher(pod) ? [{ machine, pod }] : []
  })
}

/** Somebody deletes one of these. */
const deleted = (name: string, weight: number, found: (world: World) => readonly KubeObject[]): Fault => ({
  name,
  weight,
  strike: (world, random) => {
    const object = one(random, found(world))
    if (object === undefined) return undefined
    const { apiVersion, kind, metadata } = object
    world.cluster.store.delete(admin, { apiVersion, kind }, metadata.name, metadata.namespace)
    return `${kind} ${metadata.name}`
  },
})

const named = (end: RegExp): ((object: KubeObject) => boolean) => {
  return ({ metadata }) => metadata.namespace?.startsWith('knest-') === true && end.test(metadata.name)
}

const all: readonly Fault[] = [
  deleted('VMI deleted', 5, (world) => listOf(world, kinds.vmi)),
  deleted('VM deleted', 2, (world) => listOf(world, kinds.vm)),
  deleted('disk of a VM deleted', 1, (world) =>
    [kinds.claim, kinds.dataVolume].flatMap((kind) => listOf(world, kind).filter(named(/-root$/))),
  ),
  deleted('cloud-init Secret deleted', 1, (world) => listOf(world, kinds.secret).filter(named(/-userdata$/))),
  {
    name: 'VM stopped',
    weight: 2,
    strike: (world, random) => {
      const vm = one(random, listOf(world, kinds.vm))
      if (vm === undefined) return undefined
      const { name, namespace } = vm.metadata
      // As `virtctl stop` does.
      world.cluster.store.patch(admin, kinds.vm, name, namespace, { spec: { runStrategy: 'Halted' } })
      return name
    },
  },
  {
    name: 'guest powered off',
    weight: 3,
    strike: (world, random) => {
      const guest = one(random, guestsOf(world))
      if (guest === undefined) return undefined
      world.kubelets.powerOff(guest.machine)
      return guest.machine.node
    },
  },
  {
    name: 'guest reset',
    weight: 4,
    strike: (world, random) => {
      const guest = one(random, guestsOf(world))
      if (guest === undefined) return undefined
      guest.machine.disk.cutPower()
      world.kubelets.reset(guest.machine)
      return guest.machine.node
    },
  },
  {
    name: 'virt-controller away',
    weight: 3,
    strike: (world, random) => {
      const { kubeVirt } = world.vms ?? {}
      if (kubeVirt === undefined || kubeVirt.isAway) return undefined
      kubeVirt.takeAway()
      return `it is away${untilLater(world, random, 20, 400, () => kubeVirt.bringBack())}`
    },
  },
  {
    name: 'virt-api restarted',
    weight: 3,
    strike: ({ vms }) => {
      const cut = vms?.portforward.cut() ?? 0
      return cut === 0 ? undefined : `${cut} streams cut`
    },
  },
]

/** What happens to VMs, from these seeds on. */
export const vmFaults: readonly Fault[] = all.map((fault) => ({ ...fault, since: 1_795_971_000 }))
