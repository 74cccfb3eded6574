import type { KubeObject } from '../contracts/kubernetes.js'

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
  readonly lastHeartbeatTime?: string
}

export function condition(object: KubeObject | undefined, type: string): Condition | undefined {
  const status = object?.status as { conditions?: readonly Condition[] } | undefined
  return status?.conditions?.find((entry) => entry.type === type)
}

export function isReady(node: KubeObject): boolean {
  return condition(node, 'Ready')?.status === 'True'
}
