import type { ClusterRef, ExistingNode } from '../contracts/cluster.js'
import type { KindRef, KubeApi } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { Problem } from '../errors.js'
import { isMadeFor } from '../ownership.js'

/** Which of these objects are there and not made for the cluster, as in `Service "a-api"`. */
export async function takenNames(
  api: Pick<KubeApi, 'get'>,
  cluster: ClusterRef,
  objects: readonly (KindRef & { readonly name: string })[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await Promise.all(
    objects.map(async (object) => {
      const there = await api.get(object, object.name, cluster.namespace, signal).catch(noneWhenUnseen)
      return there === undefined || isMadeFor(cluster, there) ? [] : [`${object.kind} "${object.name}"`]
    }),
  )
  return found.flat()
}

/** A kind that the host does not have, or that we may not see: nothing is known to be in the way. */
function noneWhenUnseen(error: unknown): undefined {
  const isUnseen = error instanceof KnestError && ['not-found', 'not-permitted'].includes(error.code)
  if (!isUnseen) throw error
  return undefined
}

/**
 * What of the names that a cluster's objects will have is taken: knest would change what is not its own. `existing`:
 * nodes of a cluster that is there, and cannot be called otherwise.
 */
export function takenProblems(
  { namespace }: ClusterRef,
  names: readonly string[],
  existing: readonly ExistingNode[] = [],
): readonly Problem[] {
  if (names.length === 0) return []
  const [them, are] = names.length === 1 ? ['it', 'it is'] : ['them', 'they are']
  return [
    {
      severity: 'error',
      message: `namespace "${namespace}" has ${names.join(', ')} already, and knest did not make ${them}`,
      hint:
        existing.length > 0
          ? `knest leaves ${them} alone: remove or rename ${them} if ${are} not needed, then run the command again`
          : 'give the cluster another name, or another namespace with -n (manifests of "render --standalone" have these names too)',
    },
  ]
}
