import { addressPromises } from './address-promises.js'
import type { Disk } from './disk.js'
import { kinds } from './host-kinds.js'
import type { WorldPromise } from './promise.js'
import { nameOf, type World } from './world.js'

/** A cluster that is being deleted, or is gone, has no data to lose. */
function isGoing(world: World, cluster: string): boolean {
  const phase = world.phase(cluster.split('/')[1] ?? '')
  return phase === 'none' || phase === 'Deleting'
}

/** How many nodes of the role the record asks for; undefined without a record. */
function wanted(world: World, { cluster, node }: Disk): number | undefined {
  const record = world.record(cluster.split('/')[1] ?? '')
  if (record === undefined) return undefined
  const { controlPlane, workers = [] } = ((record.status as { spec?: unknown } | undefined)?.spec ??
    record.spec) as {
    controlPlane: { count: number }
    workers?: readonly { name: string; count: number }[]
  }
  const pool = node.replace(/^[^-]+-/, '').replace(/-\d+$/, '')
  return pool === 'cp' ? controlPlane.count : (workers.find(({ name }) => name === pool)?.count ?? 0)
}

function poolOf(node: string): string {
  return node.replace(/-\d+$/, '')
}

interface LeaseSpec {
  readonly holderIdentity?: string
  readonly renewTime?: string
}

export const promises: readonly WorldPromise<World>[] = [
  {
    name: 'no acknowledged write is lost',
    always: (world) => {
      for (const machine of world.kubelets.all()) {
        const { etcd } = machine.disk
        if (etcd === undefined || !machine.serves()) continue
        for (const [older] of world.nested) {
          if (older === etcd || older.acknowledged.size === 0 || older.isLostByFault) continue
          const isSame = [...older.voters()].some(
            ({ disk }) => disk?.cluster === machine.cluster && disk.uid === machine.disk.uid,
          )
          if (isSame) return `"${machine.node}" serves an etcd without what another has acknowledged`
        }
      }
      return undefined
    },
  },
  {
    name: 'quorum keeps its disks and members',
    onDiskGoing: (world, { node, cluster }, by, risk) =>
      risk && by.isKnest && !isGoing(world, cluster)
        ? `${by.name} took the disk of "${node}", and with it the majority of etcd`
        : undefined,
  },
  {
    name: 'a disk that lasts goes only by delete or scale',
    onChange: ({ seen, clock }, { by, before, after: { kind, metadata } }, nested) => {
      if (nested !== undefined || (kind !== kinds.vm.kind && kind !== kinds.statefulSet.kind))
        return undefined
      const node = `${metadata.namespace ?? ''}/${metadata.name}`
      if (before === undefined) seen.leaving.delete(node)
      else if (by.isKnest && metadata.deletionTimestamp !== undefined && !seen.leaving.has(node))
        seen.leaving.set(node, clock.now)
      return undefined
    },
    onDiskGone: (world, disk, by) => {
      const { seen, clock } = world
      const node = `${disk.cluster.split('/')[0] ?? ''}/${disk.node}`
      const pool = poolOf(node)
      // What others take while a node goes nobody could know when that was decided.
      const began = seen.leaving.get(node) ?? clock.now
      seen.leaving.delete(node)
      if (!by.isKnest) seen.taken.push({ pool, at: clock.now })
      if (!disk.isPersistent || !by.isKnest || isGoing(world, disk.cluster)) return undefined
      // Nothing is lost with it, and the node that stays for it may have something that nobody can see now.
      if (disk.state() === 'empty' && disk.etcd === undefined) return undefined
      const there = [...world.kubelets.disks.values()].filter(
        (each) => each.cluster === disk.cluster && poolOf(each.node) === poolOf(disk.node),
      )
      const taken = seen.taken.filter((each) => each.pool === pool && each.at >= began)
      const count = wanted(world, disk)
      return count !== undefined && there.length + taken.length <= count
        ? `${by.name} took the disk of "${disk.node}", one of ${count} that are asked for`
        : undefined
    },
  },
  {
    name: 'authorities stay',
    onChange: (world, { by, after, isGone }, nested) => {
      if (nested !== undefined || after.kind !== 'Secret' || !after.metadata.name.endsWith('-pki') || isGone)
        return undefined
      const uid = after.metadata.ownerReferences?.[0]?.uid
      const { 'ca.crt': text = '' } = (after.data ?? {}) as Record<string, string>
      if (uid === undefined) return undefined
      const cert = Buffer.from(text, 'base64').toString('utf8')
      const isSetUp = [...world.kubelets.disks.values()].some(({ authority, isBootstrapped, cluster }) => {
        return (
          cluster === `${after.metadata.namespace ?? ''}/${after.metadata.name.slice(0, -4)}` &&
          isBootstrapped &&
          authority !== cert
        )
      })
      const first = world.seen.authorities.get(uid)
      if (first === undefined || !isSetUp) world.seen.authorities.set(uid, cert)
      return first !== undefined && first !== cert && isSetUp
        ? `${by.name} made new authorities for a cluster that is set up`
        : undefined
    },
  },
  {
    name: 'objects of others stay',
    onChange: (world, { by, after, isGone }, nested) => {
      const name = `${nested === undefined ? '' : 'nested '}${nameOf(after)}`
      return by.isKnest && world.seen.foreign.has(name)
        ? `${by.name} ${isGone ? 'deleted' : 'changed'} ${name}`
        : undefined
    },
  },
  {
    name: 'no two nodes of one identity',
    onStart: (world, machine) => {
      const other = world.kubelets.all().find((one) => {
        if (one === machine || one.cluster !== machine.cluster || !one.isUp) return false
        return one.node === machine.node || (one.identity !== undefined && one.identity === machine.identity)
      })
      return other === undefined
        ? undefined
        : `"${machine.node}" starts while "${other.node}" has its identity`
    },
  },
  {
    // Told by whoever runs commands.
    name: 'a command ends with an error of its own',
  },
  {
    // Told by the host's API server.
    name: 'the controller keeps to its role',
  },
  {
    // Told at the end of a story.
    name: 'it comes to rest',
  },
  {
    name: 'one writer at a time',
    onChange: (world, { by, before, after }) => {
      if (after.kind !== 'Lease') return undefined
      const [was, is] = [before, after].map((lease) => (lease?.spec ?? {}) as LeaseSpec)
      const { holderIdentity = '' } = is ?? {}
      if (holderIdentity === '' || is?.renewTime === was?.renewTime) return undefined
      const known = world.seen.holders.get(holderIdentity)
      if (known === undefined) world.seen.holders.set(holderIdentity, { by, renewedAt: world.clock.now })
      else known.renewedAt = world.clock.now
      return undefined
    },
    onCall: (world, process, call) => {
      const [, kind = '', namespace = ''] =
        /^(?:apply|create|replace|patch|delete) (\w+) (knest-\w+)\//.exec(call) ?? []
      // What fails when somebody else wrote meanwhile is no second writer, and rights are nobody's work.
      const isApart = ['Lease', 'Event', 'RoleBinding'].includes(kind) || / as of \d+$/.test(call)
      if (namespace === '' || isApart || call.startsWith('create NestedCluster')) return undefined
      const lock = `${namespace.slice('knest-'.length)}-lock`
      const lease = world.cluster.store.get(kinds.lease, lock, namespace)
      const holder = world.seen.holders.get(((lease?.spec ?? {}) as LeaseSpec).holderIdentity ?? '')
      if (holder === undefined || holder.by === process || holder.renewedAt + 15_000 < world.clock.now)
        return undefined
      return `${process.name} calls "${call}" while ${holder.by.name} holds the lock`
    },
  },
  ...addressPromises,
]
