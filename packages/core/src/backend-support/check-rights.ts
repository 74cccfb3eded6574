import type { KubeApi } from '../contracts/kubernetes.js'
import type { Problem } from '../errors.js'

export interface Right {
  readonly verb: string
  readonly group?: string
  readonly resource: string
  readonly subresource?: string
}

/** Which rights are missing in every namespace; that of the cluster may not exist yet. */
export async function rightsProblems(
  api: KubeApi,
  needed: readonly Right[],
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const allowed = await Promise.all(needed.map((access) => api.canI(access, signal)))
  return needed
    .filter((_, index) => allowed[index] === false)
    .map(({ verb, resource, subresource }) => ({
      severity: 'error' as const,
      message: `you may not ${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`} on the host (${api.description})`,
      hint: 'ask for a role with these rights, or choose another --context',
    }))
}
