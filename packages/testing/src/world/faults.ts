import { KnestError } from '@knest/core'
import { majority } from './etcd.js'
import { admin, one, untilLater, type Fault } from './fault.js'
import { nodeOf } from './host.js'
import { kinds } from './host-kinds.js'
import { vmFaults } from './vm-faults.js'
import type { World } from './world.js'

/** The next call but so many of any knest process ends like this. */
const mishap = (name: 'reset' | 'lost' | 'busy' | 'failing' | 'slow', weight: number): Fault => ({
  name,
  weight,
  strike: (world, random) => {
    world.armed.push({ mishap: name, left: random.between(0, 12) })
    return 'a call meets it soon'
  },
})

const olderFaults: readonly Fault[] = [
  mishap('reset', 8),
  mishap('lost', 8),
  mishap('busy', 4),
  mishap('failing', 4),
  mishap('slow', 4),
  {
    name: 'host API away',
    weight: 4,
    strike: (world, random) => {
      if (world.isHostAway) return undefined
      const ms = random.between(500, 40_000)
      world.isHostAway = true
      world.cluster.watches.cut()
      world.clock.plan(ms, () => {
        world.isHostAway = false
      })
      return `${Math.round(ms / 1_000)} s`
    },
  },
  {
    name: 'watches cut',
    weight: 4,
    strike: ({ cluster }) => {
      const open = cluster.watches.cut()
      return open === 0 ? undefined : `${open} watches`
    },
  },
  {
    name: 'process killed',
    weight: 10,
    strike: (world, random) => {
      const process = one(
        random,
        world.processes.filter((each) => !each.isDead() && !each.hasEnded),
      )
      process?.kill()
      return process?.name
    },
  },
  {
    name: 'container killed',
    weight: 8,
    strike: ({ kubelets }, random) => {
      const machine = one(random, kubelets.all())
      if (machine !== undefined) kubelets.restart(machine, random.between(1_000, 60_000))
      return machine?.node
    },
  },
  {
    name: 'pod deleted',
    weight: 5,
    strike: ({ cluster: { store } }, random) => {
      const pod = one(
        random,
        store.list(kinds.pod).filter((each) => nodeOf(each) !== ''),
      )
      if (pod !== undefined) store.delete(admin, kinds.pod, pod.metadata.name, pod.metadata.namespace)
      return pod?.metadata.name
    },
  },
  {
    name: 'StatefulSet deleted',
    weight: 2,
    strike: ({ cluster: { store } }, random) => {
      const set = one(random, store.list(kinds.statefulSet))
      if (set !== undefined) store.delete(admin, kinds.statefulSet, set.metadata.name, set.metadata.namespace)
      return set?.metadata.name
    },
  },
  {
    name: 'authorities deleted',
    weight: 0.2,
    strike: ({ cluster: { store } }, random) => {
      const found = store
        .list(kinds.secret)
        .filter(({ metadata }) => metadata.namespace?.startsWith('knest-') === true)
      const secret = one(
        random,
        found.filter(({ metadata }) => metadata.name.endsWith('-pki')),
      )
      if (secret !== undefined)
        store.delete(admin, kinds.secret, secret.metadata.name, secret.metadata.namespace)
      return secret?.metadata.name
    },
  },
  {
    name: 'Node object deleted',
    weight: 3,
    strike: (world, random) => {
      const machine = one(
        random,
        world.kubelets.all().filter((each) => each.serves()),
      )
      const nested = machine === undefined ? undefined : world.nestedOf(machine)
      const node = one(random, nested?.store.list(kinds.node) ?? [])
      if (nested === undefined || node === undefined) return undefined
      nested.store.delete(admin, kinds.node, node.metadata.name, undefined)
      return node.metadata.name
    },
  },
  {
    name: "stranger's Node object",
    weight: 0.3,
    strike: (world, random) => {
      const machine = one(
        random,
        world.kubelets.all().filter((each) => each.serves()),
      )
      const nested = machine === undefined ? undefined : world.nestedOf(machine)
      if (nested === undefined || world.seen.foreign.has('nested Node /kwok-0')) return undefined
      world.seen.foreign.add('nested Node /kwok-0')
      nested.store.create(admin, { ...kinds.node, metadata: { name: 'kwok-0' } })
      return 'kwok-0'
    },
  },
  {
    name: 'kubelet broken',
    weight: 2,
    strike: (world, random) => {
      const machine = one(
        random,
        world.kubelets.all().filter((each) => each.runsKubelet()),
      )
      if (machine === undefined) return undefined
      machine.isKubeletBroken = true
      return `${machine.node}${untilLater(world, random, 60, 2_000, () => (machine.isKubeletBroken = false))}`
    },
  },
  {
    name: 'etcd broken',
    weight: 2,
    strike: (world, random) => {
      const machine = one(
        random,
        world.kubelets.all().filter((each) => each.runsEtcd()),
      )
      if (machine === undefined) return undefined
      machine.isEtcdBroken = true
      return `${machine.node}${untilLater(world, random, 30, 600, () => (machine.isEtcdBroken = false))}`
    },
  },
  {
    name: 'host node away',
    weight: 4,
    strike: (world, random) => {
      const name = random.pick(['h1', 'h2', 'h3'])
      if (world.kubelets.away.size > 0) return undefined
      world.kubelets.takeAway(name)
      const ms = random.between(20_000, 600_000)
      world.clock.plan(ms, () => world.kubelets.bringBack(name))
      return `${name} for ${Math.round(ms / 1_000)} s`
    },
  },
]

/** Came later, together. */
const laterFaults: readonly Fault[] = [
  {
    name: 'power cut',
    weight: 4,
    strike: ({ kubelets, clock }, random) => {
      if (kubelets.away.size > 0) return undefined
      const machine = one(random, kubelets.all())
      const host = machine === undefined ? undefined : kubelets.hostOf(machine)
      if (host === undefined) return undefined
      // An ephemeral disk has no more than its node has.
      for (const each of kubelets.all().filter((on) => kubelets.hostOf(on) === host && on.disk.isPersistent))
        each.disk.cutPower()
      kubelets.takeAway(host)
      const ms = random.between(5_000, 120_000)
      clock.plan(ms, () => kubelets.bringBack(host))
      return `${host} for ${Math.round(ms / 1_000)} s`
    },
  },
  {
    name: 'disk full',
    weight: 3,
    strike: (world, random) => {
      const disk = one(random, world.kubelets.all())?.disk
      if (disk === undefined) return undefined
      disk.isFull = true
      return `${disk.node}${untilLater(world, random, 20, 600, () => (disk.isFull = false))}`
    },
  },
  {
    name: 'clock skewed',
    weight: 4,
    strike: ({ processes }, random) => {
      const process = one(
        random,
        processes.filter((each) => !each.isDead() && !each.hasEnded),
      )
      if (process === undefined) return undefined
      process.skewMs = random.pick([-3_600_000, -60_000, -20_000, 20_000, 60_000, 3_600_000])
      return `that of ${process.name} by ${process.skewMs / 1_000} s`
    },
  },
  {
    name: 'admission refuses',
    weight: 3,
    strike: (world, random) => {
      const { cluster } = world
      if (cluster.refusal !== undefined) return undefined
      const kindsOf = random.pick([['Pod'], ['Secret'], ['Pod', 'Secret']])
      const error = random.pick([
        new KnestError('not-permitted', 'the host: forbidden: exceeded quota'),
        new KnestError('host-unreachable', 'the host: the API server answered 500: failed calling webhook'),
      ])
      cluster.refusal = (kind) => (kindsOf.includes(kind) ? error : undefined)
      return `${kindsOf.join(', ')}${untilLater(world, random, 20, 300, () => (cluster.refusal = undefined))}`
    },
  },
]

const addedFaults: readonly Fault[] = [
  {
    name: 'kubeconfig Secret deleted',
    weight: 1,
    since: 1_795_952_000,
    strike: ({ cluster: { store } }, random) => {
      const found = store.list(kinds.secret).filter(({ metadata }) => metadata.name.endsWith('-kubeconfig'))
      const secret = one(random, found)
      if (secret !== undefined)
        store.delete(admin, kinds.secret, secret.metadata.name, secret.metadata.namespace)
      return secret?.metadata.name
    },
  },
]

export const faults: readonly Fault[] = [
  ...olderFaults,
  ...laterFaults.map((fault) => ({ ...fault, since: 100_000 })),
  ...addedFaults,
  ...vmFaults,
]

/** What may happen in the story of a seed. */
export function faultsOf(seed: number): readonly Fault[] {
  return faults.filter(({ since = 0 }) => seed >= since)
}

/** What the user of a cluster does all the time: a write, acknowledged when a majority has it. */
export function writeKey(world: World, key: string): string | undefined {
  const machine = world.kubelets.all().find((each) => each.serves())
  const etcd = machine?.disk.etcd
  if (etcd === undefined) return undefined
  const voters = etcd.voters()
  if (voters.filter((member) => etcd.isUp(member)).length < majority(voters.length)) return undefined
  etcd.acknowledged.add(key)
  return key
}
