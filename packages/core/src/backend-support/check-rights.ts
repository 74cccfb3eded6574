import { knestCommand } from '../commands.js'
import type { ClusterRef } from '../contracts/cluster.js'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { Problem } from '../errors.js'

export interface Right {
  readonly verb: string
  readonly group?: string
  readonly resource: string
  readonly subresource?: string
}

/** Which rights are missing in the cluster's namespace, which may not exist yet. */
export async function rightsProblems(
  api: KubeApi,
  { namespace }: ClusterRef,
  needed: readonly Right[],
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const allowed = await Promise.all(needed.map((access) => api.canI({ ...access, namespace }, signal)))
  return needed
    .filter((_, index) => allowed[index] === false)
    .map(({ verb, resource, subresource }) => ({
      reason: 'NotPermitted' as const,
      severity: 'error' as const,
      message: `you may not ${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`} in namespace "${namespace}" of the host (${api.description})`,
      hint: `ask an admin of the host for the rights that ${knestCommand('host', 'role', namespace)} prints, or choose another namespace with -n, or another --context`,
    }))
}
