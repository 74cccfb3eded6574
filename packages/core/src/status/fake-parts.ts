import type { ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { ExecResult, NodeBackend, NodeStatus } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import { fakeSpec } from '../plan/fake-spec.js'

/** What a node of the fake says to a command, or never. */
export type FakeAnswer = (node: string, argv: readonly string[]) => ExecResult | 'never'

export const done: ExecResult = { exitCode: 0, stdout: '', stderr: '' }
export const failed: ExecResult = { exitCode: 1, stdout: '', stderr: 'no' }

/** For tests: a host on which these nodes are, and that stores nothing. */
export function fakeParts(nodes: readonly NodeStatus[], answer: FakeAnswer): Parts {
  const backend: Pick<NodeBackend, 'name' | 'listNodes' | 'openNode'> = {
    name: 'pod',
    listNodes: () => Promise.resolve(nodes),
    openNode: (_cluster, name) =>
      Promise.resolve({
        name,
        role: nodes.find((node) => node.name === name)?.role ?? 'worker',
        exec: () => Promise.reject(new KnestError('host-unreachable', 'the fake passes no bytes on')),
        execText: (argv, { signal }) =>
          new Promise((resolve, reject) => {
            const said = answer(name, argv)
            if (said !== 'never') resolve(said)
            signal.addEventListener('abort', () => reject(new KnestError('cancelled', 'cancelled')))
          }),
        dial: () => Promise.reject(new KnestError('host-unreachable', 'the fake has no ports')),
      }),
  }
  const home: Pick<ClusterHome, 'readAuthorities' | 'readKubeconfig'> = {
    readAuthorities: () => Promise.resolve(undefined),
    readKubeconfig: () => Promise.resolve(undefined),
  }
  return { home: home as ClusterHome, backend: () => Promise.resolve(backend as NodeBackend) }
}

export function fakeHostNode(name: string, part: Partial<NodeStatus> = {}): NodeStatus {
  return {
    name,
    role: name.includes('-cp-') ? 'control-plane' : 'worker',
    pool: name.includes('-cp-') ? 'control-plane' : 'worker',
    phase: 'running',
    ready: true,
    ip: '10.244.0.7',
    reason: undefined,
    hostObject: `${name}-0`,
    hostNode: 'host-1',
    ...part,
  }
}

interface FakeSpec {
  readonly controlPlanes?: number
  readonly workers?: number
  readonly persistence?: ClusterRecord['spec']['persistence']
}

/** A record of cluster `q`. */
export function fakeRecord(
  { controlPlanes = 1, workers = 0, persistence = { enabled: false } }: FakeSpec = {},
  part: Partial<ClusterRecord> = {},
): ClusterRecord {
  return {
    name: 'q',
    namespace: 'knest-q',
    spec: { ...fakeSpec(controlPlanes, workers), persistence },
    phase: 'Ready',
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'AllNodesReady',
        message: '',
        lastTransitionTime: '2026-01-01T00:01:00Z',
      },
    ],
    createdAt: '2026-01-01T00:00:00Z',
    uid: '1',
    version: '1',
    ...part,
  }
}
