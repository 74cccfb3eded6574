import type { KubeApi } from '../contracts/kubernetes.js'

/** What a server knows of each group in one answer, since Kubernetes 1.27; an extension's server is `Stale` while it is away. */
interface GroupDiscoveryList {
  readonly items?: readonly {
    readonly metadata: { readonly name?: string }
    readonly versions: readonly {
      readonly version: string
      readonly freshness: 'Current' | 'Stale'
      readonly resources?: readonly {
        readonly resource: string
        readonly scope: 'Namespaced' | 'Cluster'
        readonly verbs: readonly string[]
      }[]
    }[]
  }[]
}

const accept = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join()

/**
 * Paths of all collections a namespace can have that may be deleted as a whole, each in the version its group
 * prefers. Undefined when the server does not know, or does not say.
 */
export async function namespacedCollections(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const answers = await Promise.all(
    ['/api', '/apis'].map((root) => api.raw(root, signal, { method: 'GET', accept })),
  )
  const paths: string[] = []
  for (const { status, body } of answers) {
    const { items } = status === 200 ? (JSON.parse(body) as GroupDiscoveryList) : {}
    if (items === undefined) return undefined
    for (const { metadata, versions } of items) {
      const seen = new Set<string>()
      for (const { version, freshness, resources = [] } of versions) {
        if (freshness === 'Stale') return undefined
        const root = metadata.name === undefined ? `/api/${version}` : `/apis/${metadata.name}/${version}`
        for (const { resource, scope, verbs } of resources) {
          if (scope !== 'Namespaced' || !verbs.includes('deletecollection') || seen.has(resource)) continue
          seen.add(resource)
          paths.push(`${root}/namespaces/${namespace}/${resource}`)
        }
      }
    }
  }
  return paths
}
