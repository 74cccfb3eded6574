import {
  formatAddress,
  labels,
  managedByKnest,
  overlaps,
  parseAddressRange,
  parseCandidates,
} from '@knest/core'
import type { ClusterRef, KindRef, KubeObject, Problem } from '@knest/core'

export const poolKind: KindRef = { apiVersion: 'kubeovn.io/v1', kind: 'IPPool' }

/** Names of namespaces and clusters have no dots. */
export function poolName({ namespace, name }: ClusterRef): string {
  return `knest.${namespace}.${name}`
}

/**
 * Kube-OVN assigns no address of a pool by itself, unless a namespace is bound to it. Only claimed
 * addresses are in it: pools of one Subnet must not overlap, and no two clusters claim the same.
 */
export function poolObject(cluster: ClusterRef, subnet: string, addresses: readonly number[]): KubeObject {
  return {
    ...poolKind,
    metadata: {
      name: poolName(cluster),
      labels: { [labels.cluster]: cluster.name, [labels.managedBy]: managedByKnest },
    },
    spec: { subnet, ips: addresses.map(formatAddress) },
  }
}

/** Other people's pools that hold candidates: Kube-OVN would refuse ours beside them. Pure. */
export function poolProblems(pools: readonly KubeObject[], texts: readonly string[]): readonly Problem[] {
  const candidates = parseCandidates(texts).ranges
  const others = pools.filter(({ metadata }) => metadata.labels?.[labels.managedBy] !== managedByKnest)
  return others
    .filter((pool) =>
      rangesOf(pool).some((range) => candidates.some((candidate) => overlaps(candidate, range))),
    )
    .map(({ metadata }) => ({
      message: `machine addresses overlap Kube-OVN IPPool "${metadata.name}"`,
      hint: 'choose addresses that no IPPool has',
      severity: 'error',
    }))
}

/** Written as an address, a CIDR or `A..B`; what cannot be read is not ours to correct. */
function rangesOf({ spec }: KubeObject): ReturnType<typeof parseAddressRange>[] {
  const { ips = [] } = (spec ?? {}) as { ips?: readonly string[] }
  return ips
    .filter((text) => !text.includes(':'))
    .flatMap((text) => {
      try {
        return [parseAddressRange(text.replace('..', '-'))]
      } catch {
        return []
      }
    })
}
