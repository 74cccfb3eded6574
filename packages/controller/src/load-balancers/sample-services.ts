import type { KubeObject } from '@knest/core'
import { hostService } from './render.js'

export const cluster = { name: 'demo', namespace: 'knest-demo', uid: 'uid-of-demo' }
export const finalizers = ['service.kubernetes.io/load-balancer-cleanup']
export const port = { port: 80, protocol: 'TCP', nodePort: 31000 }

interface Parts {
  readonly metadata?: object
  readonly spec?: object
  readonly ingress?: readonly object[]
}

/** A nested Service that is held already. */
export function nested({ metadata, spec, ingress = [] }: Parts = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', uid: 'web-uid', finalizers, ...metadata },
    spec: { type: 'LoadBalancer', ports: [port], ...spec },
    status: { loadBalancer: { ingress } },
  }
}

/** The host Service that stands for it, as the host has it. */
export function hosted({ metadata, spec, ingress = [] }: Parts = {}, service = nested()): KubeObject {
  const made = hostService(cluster, service, undefined)
  return {
    ...made,
    metadata: { ...made.metadata, uid: 'host-uid', ...metadata },
    spec: { ...(made.spec as object), ports: [{ ...port, nodePort: 32000 }], ...spec },
    status: { loadBalancer: { ingress } },
  }
}
