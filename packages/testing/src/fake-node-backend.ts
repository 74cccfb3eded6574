import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { KnestError } from '@knest/core'
import type {
  ClusterRef,
  ExecOptions,
  ExecResult,
  NodeBackend,
  NodeHandle,
  NodeSpec,
  NodeStatus,
} from '@knest/core'
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
    exec: (argv, options) => runHere(argv, options),
    dial: (port) =>
      new Promise<Duplex>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket))
        socket.once('error', (error) => reject(new KnestError('host-unreachable', error.message)))
      }),
  }
}

function runHere([command = '', ...args]: readonly string[], options: ExecOptions): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { signal: options.signal })
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new KnestError('timeout', `${command} took longer than ${options.timeoutMs} ms`))
    }, options.timeoutMs)
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      options.onStdout?.(chunk.toString())
    })
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(options.signal.aborted ? new KnestError('cancelled', `${command} was stopped`) : error)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ exitCode: code ?? 137, stdout, stderr })
    })
    child.stdin.end(options.stdin)
  })
}
