import type { KubeApi, NodeHandle, NodeRole } from '@knest/core'
import { containerName } from './manifest.js'

/** Reaches a node through the host's API: exec and port-forward of its pod. */
export function openPod(
  api: KubeApi,
  namespace: string,
  pod: string,
  name: string,
  role: NodeRole,
): NodeHandle {
  const target = { namespace, name: pod, container: containerName }
  return {
    name,
    role,
    exec: (argv, options) => api.exec(target, argv, options),
    dial: (port, signal) => api.forward(target, port, signal),
    terminal: (argv, streams, signal) => api.terminal(target, argv, streams, signal),
  }
}
