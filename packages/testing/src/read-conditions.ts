import type { KubeObject } from '@knest/core'

interface Condition {
  readonly type: string
  readonly status: string
  readonly observedGeneration?: number
}

export type Kstatus = 'Terminating' | 'InProgress' | 'Failed' | 'Current'

interface Read {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
}

/** How kstatus, which Flux and other tools are built on, takes an object of a kind it knows nothing of. */
export function kstatusOf({ metadata, status }: KubeObject): Kstatus {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  const { observedGeneration, conditions = [] } = (status ?? {}) as Read
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return 'InProgress'
  for (const { type, status: value } of conditions) {
    if (type === 'Reconciling' && value === 'True') return 'InProgress'
    if (type === 'Stalled' && value === 'True') return 'Failed'
  }
  const ready = conditions.find(({ type }) => type === 'Ready')
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress'
}

/** Whether `kubectl wait --for=condition=TYPE` ends with this object. */
export function endsWait({ metadata, status }: KubeObject, type: string): boolean {
  const { observedGeneration, conditions = [] } = (status ?? {}) as Read
  const condition = conditions.find((each) => each.type.toLowerCase() === type.toLowerCase())
  if (condition === undefined) return false
  const observed = condition.observedGeneration ?? observedGeneration
  if (observed !== undefined && observed < (metadata.generation ?? 0)) return false
  return condition.status === 'True'
}
