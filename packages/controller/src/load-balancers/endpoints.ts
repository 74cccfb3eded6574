import type { KubeObject } from '@knest/core'

interface Endpoint {
  readonly nodeName?: string
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean }
}

/** Nodes with endpoints that are ready, or, as kube-proxy has it, with those that still serve when none is. Pure. */
export function nodesWithEndpoints(slices: readonly KubeObject[]): ReadonlySet<string> {
  const endpoints = slices.flatMap((slice) => (slice.endpoints ?? []) as readonly Endpoint[])
  const of = (isMeant: (endpoint: Endpoint) => boolean): ReadonlySet<string> =>
    new Set(endpoints.filter(isMeant).flatMap(({ nodeName }) => nodeName ?? []))
  const ready = of(({ conditions }) => conditions?.ready !== false)
  return ready.size > 0 ? ready : of(({ conditions }) => conditions?.serving === true)
}
