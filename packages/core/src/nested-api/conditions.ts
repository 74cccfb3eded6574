import type { KubeObject } from '../contracts/kubernetes.js'

export interface NodeCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
  readonly lastHeartbeatTime?: string
}

export function condition(object: KubeObject | undefined, type: string): NodeCondition | undefined {
  const status = object?.status as { conditions?: readonly NodeCondition[] } | undefined
  return status?.conditions?.find((entry) => entry.type === type)
}

export function isReady(node: KubeObject): boolean {
  return condition(node, 'Ready')?.status === 'True'
}

/** Ready by the word of a kubelet that was started at that time, not by the last word of the one before. */
export function isReadySince(node: KubeObject, started: Date | undefined): boolean {
  const said = condition(node, 'Ready')?.lastHeartbeatTime
  const isNew = started === undefined || (said !== undefined && Date.parse(said) >= started.getTime())
  return isReady(node) && isNew
}
