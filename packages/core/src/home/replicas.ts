import type { KubeObject } from '../contracts/kubernetes.js'

interface Counted {
  readonly replicas?: number
  readonly workers?: readonly { readonly count: number }[]
}

/** An autoscaler that has found the field in an object finds it there ever after. Pure. */
export function keptReplicas(wanted: KubeObject, current: KubeObject | undefined): KubeObject {
  const spec = (wanted.spec ?? {}) as Counted
  if ((current?.spec as Counted | undefined)?.replicas === undefined) return wanted
  return { ...wanted, spec: { ...spec, replicas: spec.workers?.[0]?.count ?? 0 } }
}
