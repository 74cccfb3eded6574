import { podTrouble } from '@knest/core'
import type { KindRef, KubeObject } from '@knest/core'

export const deploymentKind: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' }
export const replicaSetKind: KindRef = { apiVersion: 'apps/v1', kind: 'ReplicaSet' }
export const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
export const crdKind: KindRef = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
}

export function troubleOf(pod: KubeObject): string {
  const { phase = 'Unknown' } = (pod.status ?? {}) as { phase?: string }
  return `pod "${pod.metadata.name}": ${podTrouble(pod) || phase}`
}
