import type { KubeApi } from '../contracts/kubernetes.js'
import type { Problem } from '../errors.js'
import { formatAddress, overlaps } from '../network/index.js'
import type { UsedAddress } from './address-source.js'
import type { AddressOptions } from '../contracts/address-adapter.js'
import type { AddressHolder } from '../contracts/address-adapter.js'
import { formatRange, isCandidate, parseCandidates, type Candidates } from './candidates.js'
import { reservationNamespace, isSameCluster, type StoredReservation } from './reservation.js'

const mostProblems = 4

export interface AddressFacts {
  readonly reservations: readonly StoredReservation[]
  readonly used: readonly UsedAddress[]
  /** Undefined when the host's clusters are not known. */
  readonly clusters: readonly AddressHolder[] | undefined
}

/** What stands in the way of these candidates, whatever the CNI. Pure. */
export function addressProblems(
  { cluster, candidates: texts, nodes }: AddressOptions,
  { reservations, used, clusters }: AddressFacts,
): readonly Problem[] {
  const candidates = parseCandidates(texts)
  const live = reservations.filter(
    (reservation) =>
      isSameCluster(reservation.cluster, cluster) ||
      clusters === undefined ||
      clusters.some((one) => isSameCluster(one, reservation.cluster)),
  )
  const foreign = live.filter(
    ({ cluster: other, address }) => !isSameCluster(other, cluster) && isCandidate(candidates, address),
  )
  const busy = used.filter(
    ({ address, node }) => isCandidate(candidates, address) && node?.namespace !== cluster.namespace,
  )
  const taken = new Set([...foreign, ...busy].map(({ address }) => address))
  const overlapping = overlapProblems(candidates, cluster, foreign, clusters ?? [])
  return [...overlapping, ...(overlapping.length > 0 ? [] : tooFew(candidates, nodes, taken.size, busy))]
}

function overlapProblems(
  candidates: Candidates,
  cluster: AddressOptions['cluster'],
  foreign: readonly StoredReservation[],
  clusters: readonly AddressHolder[],
): readonly Problem[] {
  const others = clusters.filter((one) => !isSameCluster(one, cluster))
  const ranges = others.flatMap((other) =>
    parseCandidates(other.addresses ?? []).ranges.flatMap((range) =>
      candidates.ranges
        .filter((candidate) => overlaps(candidate, range))
        .map((candidate) => ({ other, message: `${formatRange(candidate)} overlaps ${formatRange(range)}` })),
    ),
  )
  const named = foreign
    .filter((reservation) => !ranges.some(({ other }) => isSameCluster(other, reservation.cluster)))
    .map((reservation) => ({
      other: reservation.cluster,
      message: `${formatAddress(reservation.address)} is an address`,
    }))
  return [...ranges, ...named].slice(0, mostProblems).map(({ other, message }) => ({
    message: `machine address ${message} of cluster "${other.name}" in namespace "${other.namespace}"`,
    hint: 'give each cluster addresses of its own with --machine-addresses',
    severity: 'error',
  }))
}

function tooFew(
  { count }: Candidates,
  nodes: number,
  taken: number,
  busy: readonly UsedAddress[],
): readonly Problem[] {
  if (count - taken >= nodes) return []
  const examples = busy.slice(0, 3).map(({ address, by }) => `${formatAddress(address)} by ${by}`)
  const inUse = busy.length === 0 ? '' : `, ${taken} of them in use (${examples.join(', ')})`
  return [
    {
      message: `${count} machine addresses are given${inUse}, and the cluster has ${nodes} nodes`,
      hint: 'give at least one free address for each node with --machine-addresses',
      severity: 'error',
    },
  ]
}

/** Claims live in one namespace of the host, which not everybody may write to. */
export async function rightsProblems(api: KubeApi, signal: AbortSignal): Promise<readonly Problem[]> {
  const access = { group: 'coordination.k8s.io', resource: 'leases', namespace: reservationNamespace }
  const verbs = ['list', 'create', 'update', 'delete'] as const
  const answers = await Promise.all(verbs.map((verb) => api.canI({ ...access, verb }, signal)))
  const missing = verbs.filter((_, index) => answers[index] !== true)
  if (missing.length === 0) return []
  return [
    {
      message: `you may not ${missing.join(', ')} Leases in namespace "${reservationNamespace}", where addresses of all clusters are recorded`,
      hint: 'ask for this right, or leave --machine-addresses out: the cluster survives changed addresses',
      severity: 'error',
    },
  ]
}
