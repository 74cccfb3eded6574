import { collectText, type ExecOptions, type KubeApi, type NodeHandle, type NodeRole } from '@knest/core'
import { inShell } from './in-shell.js'
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
  const exec = (argv: readonly string[], options: ExecOptions): Promise<number> => {
    const { words, endMark } = inShell(argv, options.stdin)
    return api.exec(target, words, { ...options, called: argv[0], endMark })
  }
  return {
    name,
    role,
    exec,
    execText: (argv, options) => collectText((output) => exec(argv, { ...options, ...output })),
    dial: (port, signal) => api.forward(target, port, signal),
    terminal: (argv, streams, signal) => api.terminal(target, argv, streams, signal),
  }
}
