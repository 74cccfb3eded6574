import { KnestError } from '@knest/core'
import type { KindRef, KubeApi, KubeObject } from '@knest/core'

/** Where Calico keeps its objects; releases that serve the v3 API from CRDs have only the second. */
const groups = ['crd.projectcalico.org/v1', 'projectcalico.org/v3'] as const
export type CalicoGroup = (typeof groups)[number]

export interface CalicoPools {
  readonly group: CalicoGroup
  readonly pools: readonly KubeObject[]
}

/** The IPPools, from the group that has some; undefined when the host has no such kind. */
export async function readPools(api: KubeApi, signal: AbortSignal): Promise<CalicoPools | undefined> {
  const found = await Promise.all(
    groups.map(async (group) => {
      const pools = await listOrUndefined(api, { apiVersion: group, kind: 'IPPool' }, signal)
      return pools === undefined ? undefined : { group, pools }
    }),
  )
  const known = found.filter((one) => one !== undefined)
  return known.find(({ pools }) => pools.length > 0) ?? known[0]
}

/** Undefined when the host does not know the kind or does not let us read it. */
export async function listOrUndefined(
  api: KubeApi,
  kind: KindRef,
  signal: AbortSignal,
): Promise<readonly KubeObject[] | undefined> {
  try {
    return await api.list(kind, { signal })
  } catch (error) {
    if (error instanceof KnestError && ['not-found', 'not-permitted'].includes(error.code)) return undefined
    throw error
  }
}

/** Undefined when there is none, or we may not read it. */
export async function getOrUndefined(
  api: KubeApi,
  kind: KindRef,
  name: string,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    return await api.get(kind, name, namespace, signal)
  } catch (error) {
    if (error instanceof KnestError && error.code === 'not-permitted') return undefined
    throw error
  }
}
