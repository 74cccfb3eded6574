import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { collectText, connectCommand, KnestError, onAbort, openInput, openOutput } from '@knest/core'
import type { ClusterRef, ExecOptions, NodeBackend, NodeHandle, NodeSpec, NodeStatus } from '@knest/core'
import { missingImage } from './missing-image.js'

/**
 * Stands in for a backend: its nodes are entries of a map, and their commands run on this machine.
 * Passes the same contract suite as the real ones.
 */
export function createFakeNodeBackend(): NodeBackend {
  const nodes = new Map<string, NodeSpec>()
  const key = (cluster: ClusterRef, name: string): string => `${cluster.namespace}/${cluster.name}/${name}`

  return {
    name: 'pod',
    features: { ownKernel: false, cgroupDriver: 'cgroupfs', access: 'exec' },
    preflight: () => Promise.resolve([]),
    ensureNode: (spec) => {
      const at = key(spec.cluster, spec.name)
      if (!nodes.has(at)) nodes.set(at, spec)
      return Promise.resolve(fakeHandle(spec))
    },
    upgradeNode: (spec) => {
      if (spec.image === missingImage)
        return Promise.reject(new KnestError('prerequisite', `the host has no image "${spec.image}"`))
      nodes.set(key(spec.cluster, spec.name), spec)
      return Promise.resolve(fakeHandle(spec))
    },
    openNode: (cluster, name) => {
      const spec = nodes.get(key(cluster, name))
      if (spec === undefined)
        return Promise.reject(new KnestError('not-found', `cluster "${cluster.name}" has no node "${name}"`))
      return Promise.resolve(fakeHandle(spec))
    },
    listNodes: (cluster) =>
      Promise.resolve(
        [...nodes.values()]
          .filter((spec) => key(spec.cluster, spec.name) === key(cluster, spec.name))
          .map(statusOf),
      ),
    deleteNode: (cluster, name) => {
      nodes.delete(key(cluster, name))
      return Promise.resolve()
    },
  }
}

function statusOf({ name, role, pool }: NodeSpec): NodeStatus {
  return {
    name,
    role,
    pool,
    phase: 'running',
    ready: true,
    ip: '127.0.0.1',
    reason: undefined,
    hostObject: name,
    hostNode: undefined,
  }
}

function fakeHandle({ name, role }: NodeSpec): NodeHandle {
  return {
    name,
    role,
    exec: runHere,
    execText: (argv, options) => collectText((output) => runHere(argv, { ...options, ...output })),
    dial: (port) =>
      new Promise<Duplex>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket))
        socket.once('error', (error) => reject(new KnestError('host-unreachable', error.message)))
      }),
  }
}

/** By a shell, which says what there is to say of a program that cannot be run. */
async function runHere(argv: readonly string[], options: ExecOptions): Promise<number> {
  const child = spawn('sh', ['-c', 'exec "$@"', 'sh', ...argv])
  const input = options.stdin === undefined ? undefined : openInput(options.stdin)
  const output = openOutput(options, child)
  const limit = setTimeout(() => {
    output.fail(new KnestError('timeout', `${argv[0] ?? ''} took longer than ${options.timeoutMs} ms`))
  }, options.timeoutMs)
  const forget = onAbort(options.signal, output.fail)
  try {
    connectCommand(child, input, output)
    if (input === undefined) child.stdin.end()
    const ended = new Promise<number>((resolve) => {
      child.once('close', (code) => resolve(code ?? 137))
    })
    const exitCode = await Promise.race([ended, output.failed])
    await output.taken()
    return exitCode
  } finally {
    clearTimeout(limit)
    forget()
    input?.stop()
    output.release()
    child.kill('SIGKILL')
  }
}
