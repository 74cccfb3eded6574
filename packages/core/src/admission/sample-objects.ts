import type { KubeObject } from '../contracts/kubernetes.js'

/** For tests: what a node's pod says of its size. */
export const podSpec = {
  containers: [
    {
      name: 'node',
      resources: { limits: { cpu: '2', memory: '4Gi' }, requests: { cpu: '200m', memory: '671088640' } },
    },
  ],
}

function labelsOf(pool: string): Readonly<Record<string, string>> {
  return {
    'knest.dev/node': `q-${pool}-0`,
    'knest.dev/pool': pool,
    'knest.dev/role': pool === 'cp' ? 'control-plane' : 'worker',
  }
}

export function pod(spec: object = {}, pool = 'cp'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `q-${pool}-0-0`, namespace: 'team', labels: labelsOf(pool) },
    spec: { ...podSpec, ...spec },
  }
}

export function claim(pool: string, storage: string, storageClassName?: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: `disk-q-${pool}-0-0`, namespace: 'team', labels: labelsOf(pool) },
    spec: { storageClassName, resources: { requests: { storage } } },
  }
}

export function service(type: string, more: object = {}): KubeObject {
  const spec = { type, ports: [{ port: 6443 }], ...more }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'q-api', namespace: 'team' }, spec }
}

export function other(kind: string, name = 'q'): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'team' } }
}

export function node(
  name: string,
  {
    labels = {},
    spec = {},
    status = {},
  }: { labels?: Record<string, string>; spec?: object; status?: object } = {},
): KubeObject {
  const has = { cpu: '2', memory: '8Gi', pods: '110' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec,
    status: { allocatable: has, capacity: has, conditions: [{ type: 'Ready', status: 'True' }], ...status },
  }
}
