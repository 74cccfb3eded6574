import type { KubeObject } from '../contracts/kubernetes.js'

/** The parts of a pod that CNI manifests are changed in. */
export interface Container {
  name: string
  env?: { name: string; value?: string; valueFrom?: unknown }[]
  volumeMounts?: { name: string; mountPath: string }[]
  readinessProbe?: { exec?: { command: string[] } }
  livenessProbe?: { exec?: { command: string[] } }
}

export interface PodSpec {
  containers: Container[]
  initContainers?: Container[]
  volumes?: { name: string; hostPath?: { path: string; type?: string } }[]
}

export function findObject(
  objects: readonly KubeObject[],
  kind: string,
  name: string,
): KubeObject | undefined {
  return objects.find((object) => object.kind === kind && object.metadata.name === name)
}

export function podSpecOf(workload: KubeObject): PodSpec {
  return workload.spec.template.spec as PodSpec
}

/** Sets a variable in place or appends it. */
export function setEnv(container: Container, name: string, value: string): void {
  const env = (container.env ??= [])
  const index = env.findIndex((entry) => entry.name === name)
  if (index === -1) env.push({ name, value })
  else env[index] = { name, value }
}
