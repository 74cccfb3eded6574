import {
  formatRange,
  isSameCluster,
  KnestError,
  parseAddressRange,
  parseCandidates,
  withoutAll,
} from '@knest/core'
import type { AddressAdapter, AddressReservation, AddressOptions, ClusterRef, Problem } from '@knest/core'

interface Held {
  readonly cluster: ClusterRef
  readonly node: string
  readonly reservation: AddressReservation
}

/** What fake adapters of one host share: who has which address. */
export type FakeAddressHost = Map<string, Held>

/**
 * Stands in for an address adapter: leases are entries of a map in memory, of any address within
 * `hostRange`. Passes the same contract suite as the real ones.
 */
export function createFakeAddressAdapter(
  host: FakeAddressHost,
  options: AddressOptions,
  hostRange = '10.0.0.0/8',
): AddressAdapter {
  const { ranges } = parseCandidates(options.candidates)
  const held = (cluster: ClusterRef): Held[] =>
    [...host.values()].filter((one) => isSameCluster(one.cluster, cluster))
  const addresses = ranges.flatMap((range) =>
    Array.from({ length: range.last - range.first + 1 }, (_, place) =>
      formatRange({ first: range.first + place, last: range.first + place }),
    ),
  )
  const isLive = async ({ cluster }: Held, signal: AbortSignal): Promise<boolean> =>
    (await options.clusters(signal))?.some((one) => isSameCluster(one, cluster)) ?? true

  return {
    name: 'fake',
    preflight: async (signal) => {
      const foreign = addresses
        .flatMap((ip) => host.get(ip) ?? [])
        .filter(({ cluster }) => !isSameCluster(cluster, options.cluster))
      const live = await Promise.all(foreign.map((one) => isLive(one, signal)))
      const outside = ranges.flatMap((range) => withoutAll(range, [parseAddressRange(hostRange)]))
      return [
        ...(outside.length > 0 ? [problem('addresses are outside of the host range')] : []),
        ...(addresses.length < options.nodes ? [problem('too few addresses')] : []),
        ...(live.includes(true) ? [problem('addresses overlap those of another cluster')] : []),
      ]
    },
    reserve: async (cluster, node, signal) => {
      for (const one of [...host.values()])
        if (!isSameCluster(one.cluster, options.cluster) && !(await isLive(one, signal)))
          host.delete(one.reservation.ip)
      const own = held(cluster).find((one) => one.node === node)
      if (own !== undefined) return own.reservation
      const ip = addresses.find((address) => !host.has(address))
      if (ip === undefined) throw new KnestError('prerequisite', `no address is left for node "${node}"`)
      const bytes = ip
        .split('.')
        .slice(1)
        .map((part) => Number(part).toString(16).padStart(2, '0'))
      const reservation = { ip, mac: `52:54:00:${bytes.join(':')}`, annotations: { 'fake/address': ip } }
      host.set(ip, { cluster, node, reservation })
      return reservation
    },
    list: (cluster) => Promise.resolve(held(cluster).map(({ node, reservation }) => ({ node, reservation }))),
    release: (cluster, node) => {
      for (const one of held(cluster)) if (one.node === node) host.delete(one.reservation.ip)
      return Promise.resolve()
    },
  }
}

function problem(message: string): Problem {
  return { message, hint: 'give others', severity: 'error' }
}
