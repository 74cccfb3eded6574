import { kubectlCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { KnestError } from '../errors.js'
import { ownerOf } from '../spec/owner.js'
import type { OperationTools } from './tools.js'

export type OwnerOperation = Pick<Clusters, 'findOwner'>

export function ownerOperation({ parts: { home } }: Pick<OperationTools, 'parts'>): OwnerOperation {
  return {
    findOwner: async ({ kind, namespace = home.contextNamespace ?? 'default', name }, signal) => {
      const uid = await home.uidOf?.({ kind, namespace, name }, signal)
      if (uid !== undefined) return { kind, namespace, name, uid }
      throw new KnestError('not-found', `the host has no pod "${name}" in namespace "${namespace}"`, {
        hint: `see ${kubectlCommand('get', 'pods', '-n', namespace)}, or name another namespace, as in pod/NAMESPACE/NAME`,
      })
    },
  }
}

/**
 * Whether what the cluster is deleted with is known to be gone: the host says that there is none, or that the one of
 * its name is another. A host that does not answer or does not let us look has said nothing.
 */
export async function isOwnerGone(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  { signal, progress }: RunOptions,
): Promise<boolean> {
  const owner = ownerOf(record)
  if (owner === undefined || home.uidOf === undefined) return false
  try {
    return (await home.uidOf(owner, signal)) !== owner.uid
  } catch (error) {
    if (signal.aborted || !(error instanceof KnestError)) throw error
    progress.warn(`whether ${ownerText(owner)} is still there is not known: ${error.message}`)
    return false
  }
}

export function ownerText({
  namespace,
  name,
}: {
  readonly namespace: string
  readonly name: string
}): string {
  return `pod "${namespace}/${name}"`
}
