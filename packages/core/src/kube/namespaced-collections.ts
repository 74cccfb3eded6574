import type { KubeApi } from '../contracts/kubernetes.js'

/** What a server knows of each group in one answer, since Kubernetes 1.27. */
interface GroupDiscoveryList {
  readonly items?: readonly GroupDiscovery[]
}

interface GroupDiscovery {
  readonly metadata: { readonly name?: string }
  /** The preferred one first. */
  readonly versions: readonly {
    readonly version: string
    /** An extension's server is `Stale` while it is away. */
    readonly freshness: 'Current' | 'Stale'
    readonly resources?: readonly {
      readonly resource: string
      readonly scope: 'Namespaced' | 'Cluster'
      /** Extension API servers written in Go send null for none. */
      readonly verbs: readonly string[] | null
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
  const groups: GroupDiscovery[] = []
  for (const { status, body } of answers) {
    const { items } = status === 200 ? (JSON.parse(body) as GroupDiscoveryList) : {}
    if (items === undefined) return undefined
    groups.push(...items)
  }
  if (groups.some(({ versions }) => versions.some(({ freshness }) => freshness === 'Stale'))) return undefined
  return groups.flatMap((group) => collectionsOf(group, namespace))
}

function collectionsOf({ metadata, versions }: GroupDiscovery, namespace: string): readonly string[] {
  const paths = new Map<string, string>()
  for (const { version, resources = [] } of versions) {
    const root = metadata.name === undefined ? `/api/${version}` : `/apis/${metadata.name}/${version}`
    for (const { resource, scope, verbs } of resources) {
      if (scope !== 'Namespaced' || verbs?.includes('deletecollection') !== true || paths.has(resource))
        continue
      paths.set(resource, `${root}/namespaces/${namespace}/${resource}`)
    }
  }
  return [...paths.values()]
}
