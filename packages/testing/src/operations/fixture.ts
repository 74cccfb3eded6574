import { beforeAll } from 'vitest'
import { createClusters, silentProgress } from '@knest/core'
import type {
  ClusterPhase,
  ClusterRecord,
  Clusters,
  ClusterSpec,
  NodeBackend,
  Progress,
  RunOptions,
} from '@knest/core'
import { createFakeClusterHome, type FakeClusterHome } from '../fake-cluster-home.js'
import { createFakeNestedNodes, type FakeNestedNodes } from '../fake-nested-nodes.js'
import { sampleSpec } from '../sample-spec.js'

export const ref = { name: 'q', namespace: 'knest-q' }

/** One control plane and one worker; nobody waits for an address that this machine would reach. */
export const spec: ClusterSpec = { ...sampleSpec, endpoint: { serviceType: 'ClusterIP' } }
export const persistent: ClusterSpec = { ...spec, persistence: { enabled: true } }

export function withWorkers(count: number, of = spec): ClusterSpec {
  return { ...of, workers: of.workers.map((pool) => ({ ...pool, count })) }
}

export function withControlPlanes(count: number, of = spec): ClusterSpec {
  return { ...of, controlPlane: { ...of.controlPlane, count } }
}

export const never: AbortSignal = new AbortController().signal
export const run: RunOptions = { signal: never, timeoutMs: 20_000, progress: silentProgress }

/** A progress that keeps what it is told. */
export function recordingProgress(): Progress & { readonly notes: string[]; readonly warnings: string[] } {
  const notes: string[] = []
  const warnings: string[] = []
  const progress: Progress = {
    phase: (_title, work) => work(progress),
    note: (text) => void notes.push(text),
    warn: (text) => void warnings.push(text),
  }
  return { ...progress, notes, warnings }
}

export interface Fixture {
  readonly clusters: Clusters
  readonly home: FakeClusterHome
  /** Every write of a record, as in `create`, `update`, `Ready`. */
  readonly writes: string[]
  readonly nodes: FakeNestedNodes
  /** Throws when there is none. */
  readonly record: () => Promise<ClusterRecord>
  readonly phase: () => Promise<ClusterPhase | undefined>
}

/** The real operations on a home and nodes in memory. `change` gives the backend other manners. */
export function createFixture(
  change: (backend: NodeBackend) => NodeBackend = (backend) => backend,
  changeHome: (home: FakeClusterHome) => FakeClusterHome = (home) => home,
): Fixture {
  const memory = changeHome(createFakeClusterHome())
  const writes: string[] = []
  const home: FakeClusterHome = {
    ...memory,
    create: (...given) => {
      writes.push('create')
      return memory.create(...given)
    },
    update: (...given) => {
      writes.push('update')
      return memory.update(...given)
    },
    accept: (...given) => {
      writes.push('accept')
      return memory.accept?.(...given) ?? Promise.reject(new Error('the fake accepts'))
    },
    setStatus: (target, status, signal) => {
      if (writes.at(-1) !== status.phase) writes.push(status.phase)
      return memory.setStatus(target, status, signal)
    },
  }
  const nodes = createFakeNestedNodes(() => memory.readAuthorities(ref, never))
  const backend = change(nodes.backend)
  const clusters = createClusters({ home, backend: () => Promise.resolve(backend) })
  const record = async (): Promise<ClusterRecord> => {
    const found = await home.read(ref, never)
    if (found === undefined) throw new Error('there is no record')
    return found
  }
  return { clusters, home, writes, nodes, record, phase: async () => (await home.read(ref, never))?.phase }
}

/** The same with a cluster that was created, and nothing noted of how. */
export async function createdFixture(
  of = spec,
  change?: (backend: NodeBackend) => NodeBackend,
  changeHome?: (home: FakeClusterHome) => FakeClusterHome,
): Promise<Fixture> {
  const fixture = createFixture(change, changeHome)
  await fixture.clusters.create(ref, of, run)
  fixture.writes.length = 0
  fixture.nodes.done.length = 0
  return fixture
}

const nodeKind = { apiVersion: 'v1', kind: 'Node' }

/** What nodes of the nested cluster say of themselves. */
export function nodeObjects({ nodes: { api } }: Fixture): {
  names(): Promise<readonly string[]>
  forget(...names: readonly string[]): Promise<void>
  /** The kubelet of this node has been silent for an hour. */
  silence(name: string): Promise<void>
  /** Adds a Node that knest did not make. */
  add(
    name: string,
    metadata: { labels?: Record<string, string>; annotations?: Record<string, string> },
  ): Promise<void>
} {
  const signal = never
  return {
    names: async () =>
      (await api.objects.list(nodeKind, { signal })).map(({ metadata }) => metadata.name).sort(),
    forget: async (...names) => {
      for (const name of names) await api.objects.delete(nodeKind, name, undefined, { signal })
    },
    silence: async (name) => {
      const lastTransitionTime = new Date(Date.now() - 3_600_000).toISOString()
      const message = 'Kubelet stopped posting node status.'
      const conditions = [{ type: 'Ready', status: 'Unknown', lastTransitionTime, message }]
      await api.objects.patch(nodeKind, name, undefined, { status: { conditions } }, { signal })
    },
    add: async (name, metadata) => {
      const lastHeartbeatTime = new Date().toISOString()
      const status = { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime }] }
      await api.objects.apply({ ...nodeKind, metadata: { name, ...metadata }, status }, { signal })
    },
  }
}

// The first create of a process loads libraries, which takes seconds on a busy machine.
beforeAll(async () => {
  await createdFixture()
}, 120_000)
