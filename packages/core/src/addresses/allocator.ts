import type { ClusterRef } from '../contracts/cluster.js'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { AddressAdapter } from '../contracts/address-adapter.js'
import type { AddressReservation } from '../contracts/address-adapter.js'
import { KnestError, type Problem } from '../errors.js'
import { formatAddress } from '../network/index.js'
import type { AddressSource, UsedAddress } from './address-source.js'
import type { AddressOptions } from '../contracts/address-adapter.js'
import { addressesOf, formatRange, parseCandidates } from './candidates.js'
import { isSameCluster, type StoredReservation } from './reservation.js'
import { createReservationStore } from './reservations.js'
import { macOf } from './mac.js'
import { addressProblems, rightsProblems } from './preflight.js'

type Allocation = Pick<AddressAdapter, 'preflight' | 'reserve' | 'list' | 'release'>

/**
 * Gives each node of a cluster an address of its own. An address is claimed first, then protected from
 * automatic assignment, then looked at once more: whoever got it in between keeps it. On release the
 * protection goes first, so that after a crash anywhere the claim still tells what is to be freed.
 */
export function createAddressAllocator(
  api: KubeApi,
  options: AddressOptions,
  source: AddressSource,
  hostProblems: (signal: AbortSignal) => Promise<readonly Problem[]>,
): Allocation {
  const reservations = createReservationStore(api)
  const candidates = parseCandidates(options.candidates)
  const inTurn = createTurns()
  let cleaned = false
  let used: readonly UsedAddress[] | undefined

  const leaseOf = async (
    reservation: StoredReservation,
    signal: AbortSignal,
  ): Promise<AddressReservation> => {
    const address = { ip: formatAddress(reservation.address), mac: reservation.mac }
    return { ...address, annotations: await source.annotations(address, signal) }
  }

  const protect = async (cluster: ClusterRef, signal: AbortSignal): Promise<void> => {
    const own = await reservations.list(cluster, signal)
    const addresses = own.map(({ address }) => address)
    await source.protect(cluster, addresses, signal)
  }

  /** Frees what belongs to clusters that are no more. Claims are read before clusters: none is made without one. */
  const freeOrphans = async (signal: AbortSignal): Promise<void> => {
    const seen = await reservations.list(undefined, signal)
    const owners = seen.filter(({ cluster }) => !isSameCluster(cluster, options.cluster))
    if (owners.length === 0) return
    const live = await options.clusters(signal)
    if (live === undefined) return
    const orphaned = owners.filter(({ cluster }) => !live.some((one) => isSameCluster(one, cluster)))
    const gone = new Map(orphaned.map(({ cluster }) => [`${cluster.namespace}/${cluster.name}`, cluster]))
    for (const cluster of gone.values()) {
      await source.protect(cluster, [], signal)
      const theirs = orphaned.filter((reservation) => isSameCluster(reservation.cluster, cluster))
      const dropped = await Promise.all(theirs.map((reservation) => reservations.drop(reservation, signal)))
      // A cluster of the same name has begun meanwhile and goes on with it.
      if (dropped.includes(false)) await protect(cluster, signal)
    }
  }

  /** The node's own claim, renewed. */
  const adopt = async (
    cluster: ClusterRef,
    node: string,
    signal: AbortSignal,
  ): Promise<StoredReservation | undefined> => {
    for (;;) {
      const own = (await reservations.list(cluster, signal)).find((reservation) => reservation.node === node)
      if (own === undefined || (await reservations.renew(own, signal))) return own
    }
  }

  const reservation = async (
    cluster: ClusterRef,
    node: string,
    signal: AbortSignal,
  ): Promise<StoredReservation> => {
    const taken = new Set((await reservations.list(undefined, signal)).map(({ address }) => address))
    used ??= await source.used(signal)
    for (const address of preferred(candidates, used, cluster, node)) {
      if (taken.has(address) || isForeign(used, address, cluster, node)) continue
      const wanted = { address, mac: macOf(address), cluster, node }
      if (!(await reservations.take(wanted, signal))) continue
      await protect(cluster, signal)
      used = await source.used(signal)
      if (!isForeign(used, address, cluster, node)) return { ...wanted, version: '' }
      await giveBack(cluster, node, signal)
    }
    const ranges = candidates.ranges.map(formatRange).join(', ')
    throw new KnestError('prerequisite', `no machine address of ${ranges} is left for node "${node}"`, {
      hint: 'create the cluster with more --machine-addresses, or with fewer nodes',
    })
  }

  const giveBack = async (cluster: ClusterRef, node: string, signal: AbortSignal): Promise<void> => {
    const own = await reservations.list(cluster, signal)
    const kept = own.filter((reservation) => reservation.node !== node).map(({ address }) => address)
    await source.protect(cluster, kept, signal)
    const dropped = own.filter((reservation) => reservation.node === node)
    await Promise.all(dropped.map((reservation) => reservations.drop(reservation, signal)))
  }

  return {
    preflight: async (signal): Promise<readonly Problem[]> => {
      const [host, rights] = await Promise.all([hostProblems(signal), rightsProblems(api, signal)])
      const found = [...host, ...rights]
      if (found.some(({ severity }) => severity === 'error')) return found
      const [seen, busy] = await Promise.all([reservations.list(undefined, signal), source.used(signal)])
      const clusters = await options.clusters(signal)
      return [...found, ...addressProblems(options, { reservations: seen, used: busy, clusters })]
    },

    reserve: (cluster, node, signal) =>
      inTurn(async () => {
        if (!cleaned) await freeOrphans(signal)
        cleaned = true
        const own = await adopt(cluster, node, signal)
        if (own === undefined) return leaseOf(await reservation(cluster, node, signal), signal)
        await protect(cluster, signal)
        return leaseOf(own, signal)
      }),

    list: async (cluster, signal) => {
      const own = await reservations.list(cluster, signal)
      return Promise.all(
        own.map(async (reservation) => ({
          node: reservation.node,
          reservation: await leaseOf(reservation, signal),
        })),
      )
    },

    release: (cluster, node, signal) => inTurn(() => giveBack(cluster, node, signal)),
  }
}

/** The address the node's pod has already, if any; then all. */
function* preferred(
  candidates: ReturnType<typeof parseCandidates>,
  used: readonly UsedAddress[],
  cluster: ClusterRef,
  node: string,
): Generator<number> {
  const own = used.find((one) => isOwn(one, cluster, node))?.address
  for (const address of addressesOf(candidates)) if (address === own) yield address
  for (const address of addressesOf(candidates)) if (address !== own) yield address
}

function isOwn({ node: holder }: UsedAddress, { namespace }: ClusterRef, node: string): boolean {
  return holder?.namespace === namespace && holder.name === node
}

function isForeign(
  used: readonly UsedAddress[],
  address: number,
  cluster: ClusterRef,
  node: string,
): boolean {
  return used.some((one) => one.address === address && !isOwn(one, cluster, node))
}

/** One after another: claims and protection of a cluster change together. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work, work)
    last = next.catch(() => undefined)
    return next
  }
}
