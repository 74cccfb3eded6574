/** One prefix for everything knest writes on objects. */
export const labels = {
  cluster: 'knest.dev/cluster',
  node: 'knest.dev/node',
  role: 'knest.dev/role',
  pool: 'knest.dev/pool',
  /** What a node is on the host; absent means `pod`. Keeps the backends of a mixed cluster apart. */
  backend: 'knest.dev/backend',
  /** Annotation of a host Node: images put there by hand, comma-separated. */
  images: 'knest.dev/images',
  /** Annotation of a host Node: the range whose addresses it answers for, so that knest gives them to load balancers. */
  loadBalancerAddresses: 'knest.dev/load-balancer-addresses',
  /** On a host Service that stands for a LoadBalancer Service of a nested cluster: which, in short. */
  loadBalancer: 'knest.dev/load-balancer',
  managedBy: 'app.kubernetes.io/managed-by',
} as const

export const managedByKnest = 'knest'

/** Selects everything of one cluster. */
export function clusterSelector(cluster: string): string {
  return `${labels.cluster}=${cluster}`
}
